"""The way of Shanghai Tech Campus, on small videos of its very layout."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from flawflow.compare import scenes as module
from flawflow.compare.scene_tables import MEAN, TOGETHER, rows_of, write_scene_tables
from flawflow.compare.scenes import SceneResult, SceneRun, finished, measure, perform
from flawflow.datasets.shanghaitech import Scene, open_scenes
from flawflow.errors import DatasetError
from flawflow.inspection.inspector import Inspector
from flawflow.metrics.counts import PixelCounts
from flawflow.progress import ignore_progress
from flawflow.recipe import Recipe

RECIPE = Recipe.of(detector="padim", encoder="test_efficientnet", weights="random", size=(64, 64), every=2)


@pytest.fixture(scope="module")
def results(
    campus: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[list[SceneRun], list[SceneResult]]:
    out = tmp_path_factory.mktemp("out")
    runs = [SceneRun(scene, RECIPE, out) for scene in open_scenes(campus) if scene.test]
    return runs, [perform(run, device="cpu", on_progress=ignore_progress) for run in runs]


def shuffled(scene: Scene, folder: Path) -> Scene:
    """The same videos with masks of other frames and places."""
    copy = shutil.copytree(scene.test[0].frame_mask.parents[1], folder / "shanghaitech" / "testing")
    (folder / "shanghaitech" / "training" / "videos").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for path in copy.glob("test_*_mask/*.npy"):
        np.save(path, rng.integers(0, 2, np.load(path).shape).astype(np.uint8))
    return next(other for other in open_scenes(folder) if other.name == scene.name)


def test_the_unusual_is_found_in_frames_and_pixels(results: tuple):
    rows = rows_of(results[1])
    assert [row.scene for row in rows] == ["01", "02", MEAN, TOGETHER]
    assert [(row.frames, row.anomalous) for row in rows] == [(40, 8), (40, 8), (80, 16), (80, 16)]
    for row in rows[:3]:
        assert row.frame_auroc is not None
        assert row.frame_auroc > 0.95
        assert row.pixel_auroc is not None
        assert row.pixel_auroc > 0.9
    assert rows[2].frame_auroc == pytest.approx((rows[0].frame_auroc + rows[1].frame_auroc) / 2)


def test_with_shuffled_masks_it_is_chance(results: tuple, tmp_path: Path):
    runs, _ = results
    model = next((runs[0].folder / "models").glob("01-*.flaw"))
    videos, pixels = measure(Inspector.load(model), shuffled(runs[0].scene, tmp_path), ignore_progress)
    (row, *_) = rows_of([SceneResult({"scene": "01", "videos": videos}, pixels)])
    assert row.frame_auroc == pytest.approx(0.5, abs=0.2)
    assert row.pixel_auroc == pytest.approx(0.5, abs=0.01)


def test_a_frames_score_is_the_maximum_of_its_map(results: tuple):
    runs, found = results
    inspector = Inspector.load(next((runs[0].folder / "models").glob("01-*.flaw")))
    video = runs[0].scene.test[0]
    for frame in (0, 10):
        anomaly_map, _ = inspector.measure(video.frames[frame])
        assert found[0].record["videos"][video.name]["scores"][frame] == float(anomaly_map.max())


def test_finished_work_is_read_and_never_done_again(results: tuple, monkeypatch: pytest.MonkeyPatch):
    runs, found = results
    monkeypatch.setattr(module, "train", None)
    again = [finished(run) for run in runs]
    assert [one.record for one in again] == [one.record for one in found]
    assert rows_of(again) == rows_of(found)
    # A stop between training and the last frame costs the frames, not the training.
    module._files(runs[0])[0].unlink()
    assert finished(runs[0]) is None
    assert perform(runs[0], device="cpu", on_progress=ignore_progress).record == found[0].record


def test_other_options_or_files_are_another_run(results: tuple, tmp_path: Path):
    run = results[0][0]
    others = [
        SceneRun(run.scene, RECIPE.replace(every=3), run.folder),
        SceneRun(run.scene, RECIPE.replace(seed=1), run.folder),
        SceneRun(shuffled(run.scene, tmp_path), RECIPE, run.folder),
    ]
    assert len({run.key, *(other.key for other in others)}) == 4


def test_a_scene_without_training_is_refused(results: tuple, tmp_path: Path):
    scene = results[0][0].scene
    run = SceneRun(Scene("01", (), scene.test), RECIPE, tmp_path)
    with pytest.raises(DatasetError, match="no training video"):
        perform(run, device="cpu", on_progress=ignore_progress)


def test_tables_say_what_they_mean(results: tuple, tmp_path: Path):
    text = write_scene_tables(tmp_path, results[1], ["03"])
    assert "| 01 | 40 | 8 |" in text
    assert "maximum of its anomaly map" in text
    assert "left out: scene 03" in text
    assert (tmp_path / "scenes.csv").read_text("utf-8").count("\n") == 5
    assert '"untested": [' in (tmp_path / "scenes.json").read_text("utf-8")


def test_a_scene_of_one_kind_has_no_auroc():
    pixels = PixelCounts()
    pixels.add(np.zeros((2, 2), np.float32))
    record = {"scene": "07", "videos": {"07_0001": {"anomalous": [False, False], "scores": [1.0, 2.0]}}}
    assert all(
        (row.frame_auroc, row.pixel_auroc) == (None, None) for row in rows_of([SceneResult(record, pixels)])
    )
