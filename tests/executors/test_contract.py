"""What every executor keeps; those that need a package are skipped where it is missing."""

import importlib.util
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from flawflow.executors.contract import Executor, Job, Outcome, run_job
from flawflow.executors.kinds import load_executor
from flawflow.progress import Progress

from . import jobs

WITHOUT_RAY = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="ray is not installed: pip install 'flawflow[ray]'"
)
RAY = pytest.param("ray", marks=[WITHOUT_RAY, pytest.mark.slow])


@pytest.fixture(scope="module", params=["inline", "local", RAY])
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    name: str = request.param
    yield load_executor(name, at_once=None if name == "inline" else 2)
    if name == "ray":
        import ray

        ray.shutdown()


@pytest.fixture(scope="module")
def beside(executor: Executor) -> Executor:
    """An executor that runs jobs beside each other, in processes of their own."""
    if executor.capacity([job("a", "b"), job("b", "b")]).at_once < 2:
        pytest.skip("inline runs one job after the other, in this process")
    return executor


def job(name: str, kind: str) -> Job:
    return Job(name=name, work=partial(jobs.fail, kind))


def run(executor: Executor, *given: Job) -> dict[str, Outcome]:
    outcomes = [*executor.run(given, lambda _name, _step: None)]
    assert len(outcomes) == len(given)
    return {outcome.name: outcome for outcome in outcomes}


def test_every_job_has_its_outcome_and_its_progress(executor: Executor):
    heard: list[tuple[str, Progress]] = []
    given = [Job(name=f"job {n}", work=partial(jobs.square, n)) for n in range(5)]
    outcomes = executor.run(given, lambda name, step: heard.append((name, step)))
    assert {one.name: one.value for one in outcomes} == {f"job {n}": n * n for n in range(5)}
    # Of a cluster the last reports of a short job may come too late.
    assert {step for _, step in heard} <= {Progress("Squaring", 1, 2)}
    assert {name for name, _ in heard} <= {one.name for one in given}


def test_a_job_that_fails_stops_no_other_and_says_why(executor: Executor):
    good = Job(name="good", work=partial(jobs.square, 3))
    found = run(executor, job("data", "data"), job("disk", "disk"), job("bug", "bug"), good)
    assert found["data"].error == "the folder is empty: add pictures"
    assert found["disk"].error.startswith("/data/part: the disk is full; what was finished is kept")
    assert found["bug"].error == "an unexpected error: KeyError: 'bug'"
    assert (found["good"].value, found["good"].error) == (9, "")


def test_jobs_run_beside_each_other(beside: Executor, tmp_path: Path):
    first, second = tmp_path / "first", tmp_path / "second"
    found = run(
        beside,
        Job(name="first", work=partial(jobs.wait_for, second, first)),
        Job(name="second", work=partial(jobs.wait_for, first, second)),
    )
    assert [one.value for one in found.values()] == [True, True]


def test_a_lost_process_is_begun_again(beside: Executor, tmp_path: Path):
    found = run(beside, Job(name="lost", work=partial(jobs.die_once, tmp_path / "mark")))
    assert found["lost"] == Outcome(name="lost", value="done")


def test_what_is_lost_every_time_fails_alone(beside: Executor, tmp_path: Path):
    good = Job(name="good", work=partial(jobs.square, 2))
    found = run(beside, Job(name="bad", work=partial(jobs.die, tmp_path / "tries")), good)
    tries = len((tmp_path / "tries").read_text("utf-8"))
    assert 2 <= tries <= 4
    assert f"{tries} times" in found["bad"].error
    assert found["good"].value == 4


def test_closing_ends_what_runs_and_leaves_nothing_half_written(beside: Executor, tmp_path: Path):
    began = tmp_path / "one"
    endless = Job(name="one", work=partial(jobs.sleep, began))
    heard: list[Progress] = []
    outcomes = beside.run(
        [endless, Job(name="two", work=partial(jobs.square, 2))], lambda _, step: heard.append(step)
    )
    assert next(outcomes).value == 4
    until = time.monotonic() + 30
    while not began.exists():
        assert time.monotonic() < until
        time.sleep(0.05)
    outcomes.close()
    assert not began.with_suffix(".part").exists()


def test_the_estimate_is_stated_before_anything_begins(executor: Executor):
    capacity = executor.capacity([Job(name="a", work=partial(jobs.fail, "bug"), memory_bytes=2**20)])
    assert capacity.at_once == 1
    assert "this process" in capacity.where or "core" in capacity.where


def test_an_outcome_is_a_value_or_a_sentence():
    assert run_job(job("a", "data"), print) == Outcome(name="a", error="the folder is empty: add pictures")
