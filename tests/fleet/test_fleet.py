from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from flawflow.cli.executor_options import Where
from flawflow.errors import FleetError
from flawflow.executors.contract import Job
from flawflow.executors.inline import InlineExecutor
from flawflow.fleet.fleet import jobs_of, look, perform, seconds_of, weights_of
from flawflow.fleet.source import Source
from flawflow.fleet.status import Status
from flawflow.training.estimate import memory_of_training

from .conftest import Trained

WHERE = Where(place="local", at_once=None, cores=3, device="cuda")


def missing(trained: Trained, name: str, **changes: object) -> Status:
    recipe = trained.product.recipe.replace(changes)
    return replace(trained.status(), product=replace(trained.product, name=name, recipe=recipe), record=None)


def test_only_what_is_left_is_a_job(trained: Trained):
    statuses = [trained.status(), missing(trained, "a"), missing(trained, "b", detector="padim")]
    jobs = jobs_of(statuses, trained.folder, WHERE)
    assert [(job.name, job.cores, job.gpus) for job in jobs] == [("a", 3, 1), ("b", 3, 1)]
    # One of the same recipe took a gigabyte; of the other nothing is known.
    assert jobs[0].memory_bytes == pytest.approx(1.1 * 2**30)
    assert jobs[1].memory_bytes == memory_of_training(statuses[2].product.recipe, 2)


def test_the_time_is_that_of_the_product_that_is_most_like_it(trained: Trained):
    known, other = trained.status(), missing(trained, "b", detector="padim")
    assert known.record is not None
    # One of many more pictures, whose training takes a tenth of the time.
    many = replace(known, record=replace(known.record, image_count=999, seconds=6.0))
    like = [missing(trained, name) for name in "cd"]
    assert seconds_of([known, many, *like], 1) == pytest.approx(120.0)
    assert seconds_of([known, many, *like], 2) == pytest.approx(60.0)
    assert seconds_of([known, *like, other], 2) is None
    assert seconds_of(like, 2) is None


def test_a_bar_counts_seconds_where_they_are_known(trained: Trained):
    known, missed = trained.status(), missing(trained, "a")
    to_measure = replace(known, to_measure=True, product=replace(known.product, name="b"))
    assert weights_of([known, missed, to_measure]) == pytest.approx({"a": 60.0, "b": 6.0})
    unknown = weights_of([missed, replace(to_measure, product=missing(trained, "c", seed=4).product)])
    assert unknown["a"] > unknown["c"] > 0


def fail(sentence: str, _on_progress: object) -> None:
    raise FleetError(sentence)


def test_what_fails_is_named_and_the_others_are_known(trained: Trained):
    statuses = [missing(trained, "a"), missing(trained, "gears")]
    jobs = [
        Job(name="a", work=partial(fail, "no light")),
        Job(name="gears", work=lambda _: None),
    ]
    found = [*perform(statuses, trained.folder, InlineExecutor(), jobs, lambda _name, _step: None)]
    assert [(status.product.name, status.error, status.is_done) for status in found] == [
        ("a", "no light", False), ("gears", "", True),
    ]  # fmt: skip


def test_pictures_that_cannot_serve_are_refused_before_any_work(trained: Trained, tmp_path: Path):
    for data, said in (("none", "does not exist"), ("empty", "empty")):
        (tmp_path / "empty").mkdir(exist_ok=True)
        product = replace(trained.product, name="lid", source=Source(data=str(tmp_path / data)))
        with pytest.raises(FleetError, match=f"The product lid: .*{said}"):
            look([trained.product, product], trained.folder)


def test_looking_is_reported(trained: Trained):
    heard: list[tuple[int, int]] = []
    look([trained.product], trained.folder, lambda done, total: heard.append((done, total)))
    assert heard == [(1, 1)]
