"""Several scenes, each with its own model, on small videos in the layout of Shanghai Tech Campus."""

from pathlib import Path

import pytest

from flawflow.cli.executor_options import Where
from flawflow.compare import runner
from flawflow.compare.plan import Run, Variant, open_categories, plan_runs
from flawflow.compare.runner import Outcome, counts_file, perform
from flawflow.compare.summary import summarise
from flawflow.compare.tables import write_tables
from flawflow.compare.together import rows_together
from flawflow.datasets import Dataset
from flawflow.executors.inline import InlineExecutor
from flawflow.metrics import auroc
from flawflow.metrics.resampling import SetCounts
from flawflow.recipe import Recipe

RECIPE = Recipe.of(detector="padim", encoder="test_efficientnet", weights="random", size=(64, 64), every=2)
VARIANT = Variant(label="padim", recipe=RECIPE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("out")


@pytest.fixture(scope="module")
def datasets(campus: Path) -> list[Dataset]:
    return open_categories([campus])


@pytest.fixture(scope="module")
def outcomes(datasets: list[Dataset], folder: Path) -> list[Outcome]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "_TIMED", 3)
        runs = plan_runs([VARIANT], datasets, [0])
        return list(
            perform(
                runs,
                folder,
                executor=InlineExecutor(),
                resources=Where(place="inline", at_once=1, cores=1, device="cpu"),
                on_progress=lambda _key, _step: None,
            )
        )


def test_scenes_with_test_videos_are_compared_on_and_the_unusual_is_found(
    outcomes: list[Outcome], datasets: list[Dataset], folder: Path
):
    assert [dataset.name for dataset in datasets] == ["shanghaitech 01", "shanghaitech 02"]
    assert [outcome.error for outcome in outcomes] == ["", ""]
    (row,) = rows_together([VARIANT], datasets, outcomes, folder)
    assert (row.category, row.scenes, row.seeds) == ("shanghaitech, all frames together", 2, 1)
    pixel_auroc = row.figures["pixel_auroc"].mean
    assert pixel_auroc is not None
    assert pixel_auroc > 0.9
    assert row.figures["train_seconds"].mean is None


def test_all_frames_are_ranked_in_one_list(outcomes: list[Outcome], datasets: list[Dataset], folder: Path):
    kept = [SetCounts.load(counts_file(outcome.run, folder)) for outcome in outcomes]
    truth = [one for each in kept for one in each.is_defective.tolist()]
    assert (len(truth), sum(truth)) == (80, 16)
    (row,) = rows_together([VARIANT], datasets, outcomes, folder)
    expected = auroc(truth, [one for each in kept for one in each.scores.tolist()])
    assert row.figures["image_auroc"].mean == expected


def test_a_seed_counts_when_all_scenes_are_finished(
    outcomes: list[Outcome], datasets: list[Dataset], folder: Path, tmp_path: Path
):
    assert rows_together([VARIANT], datasets, outcomes[:1], folder) == []
    assert rows_together([VARIANT], datasets[:1], outcomes[:1], folder) == []
    # Nor where counts are missing.
    assert rows_together([VARIANT], datasets, outcomes, tmp_path) == []


def test_the_row_stands_between_the_mean_and_the_scenes(
    outcomes: list[Outcome], datasets: list[Dataset], folder: Path, tmp_path: Path
):
    found = [(VARIANT, outcome.record) for outcome in outcomes if outcome.record is not None]
    together = rows_together([VARIANT], datasets, outcomes, folder)
    rows = summarise([VARIANT], [each.name for each in datasets], found, together)
    assert [row.category.split(",")[0] for row in rows] == [
        "mean", "shanghaitech", "shanghaitech 01", "shanghaitech 02",
    ]  # fmt: skip
    text = write_tables(tmp_path, rows, [record for _, record in found])
    assert "## Mean of 2 categories" in text
    assert "## shanghaitech, all frames together" in text
    assert "of all 2 scenes are ranked in one list" in text


def test_whole_pictures_have_no_measure_of_places(
    outcomes: list[Outcome], datasets: list[Dataset], folder: Path
):
    whole = Variant(label="whole", recipe=Recipe.of(detector="mahalanobis"))
    given = [
        Outcome(Run(whole, each.run.dataset, each.run.seed, each.run.key), each.record) for each in outcomes
    ]
    (row,) = rows_together([whole], datasets, given, folder)
    assert row.figures["image_auroc"].mean is not None
    assert row.figures["pixel_auroc"].mean is row.figures["aupro"].mean is None
