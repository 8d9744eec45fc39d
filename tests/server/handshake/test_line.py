"""Jobs of a line, with a camera and an inspection that do what a test says."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future

import pytest
from sqlalchemy.exc import OperationalError

from flawflow.decision.verdict_code import Code
from flawflow.server.errors import BusyError, NotFoundError, StationError
from flawflow.server.handshake.frames import Frame, NoFrameError, SourceError
from flawflow.server.handshake.line import Line
from flawflow.server.handshake.state import Handshake, Phase, Problem
from flawflow.server.inspection_service import Failed, Outcome


class Camera:
    """Gives one frame after the other, or the error that it is told."""

    def __init__(self) -> None:
        self.failure: Exception | None = None
        self.error = ""
        self.is_closed = False
        self.may_take = threading.Event()
        self.may_take.set()

    def arm(self) -> None:
        return

    def take(self, since: float, deadline: float, is_wanted: Callable[[], bool]) -> Frame:
        while not self.may_take.wait(0.01):
            if not is_wanted():
                raise NoFrameError("given up")
        if self.failure is not None:
            raise self.failure
        return Frame(b"content", "frame")

    def refuse(self, frame: Frame) -> bool:
        return False

    def close(self) -> None:
        self.is_closed = True


class Inspections:
    """Answers what it is told; never, where that is nothing."""

    def __init__(self) -> None:
        self.answer: Outcome | Exception | None = None
        self.asked: list[tuple[str, str]] = []

    def __call__(self, recipe: str, name: str, content: bytes) -> "Future[Outcome]":
        self.asked.append((recipe, name))
        if isinstance(self.answer, StationError):
            raise self.answer
        future: Future[Outcome] = Future()
        if isinstance(self.answer, Exception):
            future.set_exception(self.answer)
        elif self.answer is not None:
            future.set_result(self.answer)
        return future


@pytest.fixture
def camera() -> Camera:
    return Camera()


@pytest.fixture
def inspections() -> Inspections:
    return Inspections()


@pytest.fixture
def line(camera: Camera, inspections: Inspections) -> Iterator[Line]:
    line = Line("gears", camera, inspections, image_seconds=0.1, inspect_seconds=0.2)
    line.apply(lambda state: state.enable(True))
    yield line
    line.close()
    assert camera.is_closed


def run(line: Line, wait: Callable) -> Handshake:
    line.apply(lambda state: state.trigger("part 1", "gear"))
    wait(lambda: line.state.phase is Phase.VALID)
    return line.state


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (NoFrameError("none"), Problem.NO_IMAGE),
        (SourceError("gone"), Problem.SOURCE),
        (OSError("odd"), Problem.NOT_RECORDED),
        (RuntimeError("odd"), Problem.OTHER),
    ],
)
def test_what_a_camera_does_wrong_is_a_failure(line, camera, wait, error, problem) -> None:
    camera.failure = error
    state = run(line, wait)
    assert (state.code, state.result.problem) == (Code.FAILED, problem)


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (Failed("part 1", "no image", 422), Problem.IMAGE),
        (NotFoundError("no model"), Problem.RECIPE),
        (BusyError("full"), Problem.BUSY),
        (StationError("odd"), Problem.OTHER),
        (OperationalError("INSERT", {}, Exception("locked")), Problem.NOT_RECORDED),
        (OSError(28, "No space left on device"), Problem.NOT_RECORDED),
        (ValueError("odd"), Problem.OTHER),
        (None, Problem.LATE),
    ],
)
def test_what_an_inspection_does_wrong_is_a_failure(line, inspections, wait, answer, problem) -> None:
    inspections.answer = answer
    state = run(line, wait)
    assert (state.code, state.result.problem) == (Code.FAILED, problem)
    assert inspections.asked == [("gear", "part 1")]
    # The next one is served.
    inspections.answer = Failed("part 2", "no image", 422)
    line.apply(lambda state: state.acknowledge())
    assert run(line, wait).result.problem is Problem.IMAGE


def test_a_part_without_a_name_is_called_like_its_frame(line, inspections, wait) -> None:
    inspections.answer = Failed("frame", "no image", 422)
    line.apply(lambda state: state.trigger())
    wait(lambda: line.state.phase is Phase.VALID)
    assert inspections.asked == [("", "frame")]


def test_listeners_hear_every_moment_in_order(line, inspections, wait) -> None:
    heard: list[Phase] = []
    line.listen(lambda state: heard.append(state.phase))
    inspections.answer = Failed("part 1", "no image", 422)
    run(line, wait)
    line.apply(lambda state: state.acknowledge())
    assert heard == [Phase.ACQUIRING, Phase.INSPECTING, Phase.VALID, Phase.IDLE]


def test_a_job_that_was_given_up_gives_no_result(line, camera, inspections, wait) -> None:
    camera.may_take.clear()
    line.apply(lambda state: state.trigger("part 1"))
    line.apply(lambda state: state.reset())
    camera.may_take.set()
    inspections.answer = Failed("part 2", "no image", 422)
    line.apply(lambda state: state.trigger("part 2"))
    wait(lambda: line.state.phase is Phase.VALID)
    assert (line.state.job, line.state.dropped) == (2, 1)
    assert line.state.result.problem is Problem.IMAGE


def test_a_closed_line_is_never_ready(camera, inspections) -> None:
    line = Line("gears", camera, inspections, image_seconds=0.1, inspect_seconds=0.2)
    line.apply(lambda state: state.enable(True))
    line.close()
    assert not line.apply(lambda state: state.enable(True)).ready
    assert not line.apply(lambda state: state.trigger()).busy


def test_the_time_from_trigger_to_result_is_kept(line, camera, inspections, wait) -> None:
    camera.may_take.clear()
    inspections.answer = Failed("part 1", "no image", 422)
    started = time.monotonic()
    line.apply(lambda state: state.trigger())
    camera.may_take.set()
    wait(lambda: line.state.phase is Phase.VALID)
    assert 0 < line.seconds <= time.monotonic() - started


def test_the_last_result_stays_when_it_is_acknowledged_and_what_failed_is_seen(
    line, inspections, wait
) -> None:
    assert line.last is None
    inspections.answer = Failed("part 1", "no image", 422)
    run(line, wait)
    line.apply(lambda state: state.acknowledge())
    assert line.state.result is None
    assert (line.last.job, line.last.result.code, line.last.result.reason) == (1, Code.FAILED, "no image")


def test_a_line_says_what_its_source_says(line, camera) -> None:
    assert line.error == ""
    camera.error = "the stream is over"
    assert line.error == "the stream is over"
