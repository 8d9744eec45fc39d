import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flawflow.errors import ExecutorError
from flawflow.executors import local
from flawflow.executors.contract import Job
from flawflow.executors.local import LocalExecutor

from . import jobs

# Begins a job without end, and is killed at its first report.
_COMMAND = """
import os, signal, sys
from functools import partial
from pathlib import Path
from flawflow.executors.contract import Job
from flawflow.executors.local import LocalExecutor
from tests.executors import jobs

if __name__ == "__main__":
    job = Job(name="one", work=partial(jobs.sleep, Path(sys.argv[1])))
    list(LocalExecutor().run([job], lambda _name, _step: os.kill(os.getpid(), signal.SIGKILL)))
"""


def given(count: int, **more: int) -> list[Job]:
    return [Job(name=str(n), work=jobs.environment, **more) for n in range(count)]  # type: ignore[arg-type]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of 8 cores, 10 GiB of free memory and two GPUs."""
    monkeypatch.setattr(local, "cores", lambda: 8)
    monkeypatch.setattr(local, "free_memory", lambda: 10 * 2**30)
    monkeypatch.setattr(local, "gpus", lambda: ("4", "7"))


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize(
    ("jobs_given", "at_once"),
    [
        (given(3), 3),
        (given(99), 8),
        (given(99, cores=3), 2),
        (given(99, memory_bytes=2**30), 8),
        (given(99, memory_bytes=3 * 2**30), 2),
        # What does not fit is tried all the same: the estimate may be wrong.
        (given(99, memory_bytes=64 * 2**30), 1),
        (given(99, gpus=1), 2),
    ],
)
def test_as_many_run_as_there_is_room_for(jobs_given: list[Job], at_once: int):
    capacity = LocalExecutor().capacity(jobs_given)
    assert capacity.at_once == at_once
    assert capacity.where.startswith(f"{at_once} at a time on this machine (8 cores")
    assert LocalExecutor(at_once=5).capacity(jobs_given).at_once == min(5, len(jobs_given))


@pytest.mark.usefixtures("machine")
def test_each_job_has_its_gpu_and_its_share_of_the_cores():
    outcomes = LocalExecutor().run(given(2, gpus=1), lambda _name, _step: None)
    assert {outcome.value for outcome in outcomes} == {("4", "4"), ("7", "4")}


def test_work_ends_where_nobody_listens_any_more(tmp_path: Path):
    """As after kill -9 of the command: two trainings of one product would write the same files."""
    began = tmp_path / "one"
    command = subprocess.Popen([sys.executable, "-c", _COMMAND, began])
    assert command.wait(60) == -signal.SIGKILL
    assert began.exists()
    until = time.monotonic() + 20
    while began.with_suffix(".part").exists():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_it_takes_no_address():
    with pytest.raises(ExecutorError, match="takes no address"):
        LocalExecutor(address="local://here")
