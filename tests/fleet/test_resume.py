"""A killed worker and an interrupted command: the training continues where it was, to the same bits."""

import importlib.util
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flawflow.cli.executor_options import Where
from flawflow.executors.inline import InlineExecutor
from flawflow.executors.kinds import load_executor
from flawflow.executors.worker import use_threads
from flawflow.fleet.fleet import jobs_of, look, perform
from flawflow.fleet.plan import read_products
from flawflow.fleet.record import model_file
from flawflow.model_file import read_model
from flawflow.model_file.container import graph_alone
from flawflow.progress import Progress
from flawflow.synthetic import draw_parts

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks for processes in /proc"),
]

WHERE = Where(place="local", at_once=2, cores=1, device="cpu")
# The first checkpoint of three is after 250 steps.
PLAN = """
[defaults]
encoder = "test_efficientnet"
weights = "random"
size = 64
calibration = "split"
strides = [16, 32]
detector.steps = 700
detector.steps_per_picture = 100
detector.batch = 256
detector.hidden = 16
detector.joined_channels = 16
detector.noise = 0.5
[products]
gears = "gears"
"""


@pytest.fixture(scope="module", autouse=True)
def _one_core() -> Iterator[None]:
    """Sums of another number of threads have other last bits."""
    usable = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(usable)})
    use_threads(1)
    yield
    os.sched_setaffinity(0, usable)


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plant")
    draw_parts(folder / "gears", train=12, test=0, size=64)
    (folder / "plan.toml").write_text(PLAN, "utf-8")
    return folder / "plan.toml"


@pytest.fixture(scope="module")
def whole(plan: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The graph of a training that nothing interrupted."""
    folder = tmp_path_factory.mktemp("models")
    statuses = look(read_products(plan), folder)
    (done,) = perform(
        statuses, folder, InlineExecutor(), jobs_of(statuses, folder, WHERE), lambda _n, _s: None
    )
    assert done.is_done, done.error
    return graph(folder)


def graph(folder: Path) -> bytes:
    return graph_alone(read_model(model_file(folder, "gears")))


def kill_child() -> None:
    (child,) = multiprocessing.active_children()
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)


def kill_task() -> None:
    """Kill the process that Ray has given the job's name."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        if path.read_bytes().startswith(b"ray::gears"):
            os.kill(int(path.parent.name), signal.SIGKILL)
            return
    raise AssertionError("there is no worker to kill")


def has_processes(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


WITHOUT_RAY = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="ray is not installed: pip install 'flawflow[ray]'"
)


@pytest.mark.parametrize(
    ("place", "kill"), [("local", kill_child), pytest.param("ray", kill_task, marks=WITHOUT_RAY)]
)
def test_a_killed_workers_training_continues_at_its_checkpoint(
    place: str, kill: Callable[[], None], plan: Path, whole: bytes, tmp_path: Path
):
    steps: list[list[Progress]] = [[]]

    def watch(_name: str, step: Progress) -> None:
        steps[-1].append(step)
        if len(steps) == 1 and any((tmp_path / "work").rglob("scale-*.safetensors")):
            steps.append([])
            kill()

    statuses = look(read_products(plan), tmp_path)
    executor = load_executor(place, at_once=2)
    (done,) = perform(statuses, tmp_path, executor, jobs_of(statuses, tmp_path, WHERE), watch)
    if place == "ray":
        import ray

        ray.shutdown()
    assert done.is_done, done.error
    assert len(steps) == 2
    assert graph(tmp_path) == whole
    flows = [step for step in steps[1] if step.stage == "Flows"]
    assert flows
    assert min(step.done for step in flows) >= 250


def test_an_interrupted_command_ends_cleanly_and_continues(plan: Path, whole: bytes, tmp_path: Path):
    command = [sys.executable, "-m", "flawflow", "fleet", "train", plan, "-o", tmp_path, "--device", "cpu"]
    first = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    until = time.monotonic() + 300
    while not any((tmp_path / "work").rglob("scale-*.safetensors")):
        assert first.poll() is None
        assert time.monotonic() < until
        time.sleep(0.05)
    # As a terminal does: to all processes of the group.
    os.killpg(first.pid, signal.SIGINT)
    _, said = first.communicate(timeout=60)
    assert first.returncode == 130
    assert "interrupted; the same command continues where it stopped" in said
    assert "Traceback" not in said
    assert "0 models" in (tmp_path / "fleet.html").read_text("utf-8")
    assert not [*tmp_path.rglob("*.part")]
    while has_processes(first.pid):
        assert time.monotonic() < until
        time.sleep(0.05)
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert graph(tmp_path) == whole
    assert not (tmp_path / "work").exists()
