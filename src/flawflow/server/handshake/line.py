"""A line: one handshake, one source of images, one job at a time."""

import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from sqlalchemy.exc import SQLAlchemyError

from flawflow.decision.calibration import Verdict
from flawflow.decision.verdict_code import code_of
from flawflow.errors import FlawflowError, one_line
from flawflow.server.db import InspectionRow
from flawflow.server.errors import BusyError, NotFoundError, StationError
from flawflow.server.handshake.frames import Frame, Frames, NoFrameError, SourceError
from flawflow.server.handshake.state import Handshake, Problem, Result, failed
from flawflow.server.inspection_service import Failed, Outcome

# How soon a reset is noticed while an inspection is waited for.
_LOOK_SECONDS = 0.05

Inspect = Callable[[str, str, bytes], "Future[Outcome]"]
"""Has bytes inspected and recorded: the model's name (empty for the line's), the image's name, its bytes."""

Transition = Callable[[Handshake], Handshake]
Listener = Callable[[Handshake], None]

_log = logging.getLogger("flawflow.server")


@dataclass(frozen=True)
class _Job:
    number: int
    part: str
    recipe: str
    since: float


@dataclass(frozen=True)
class Done:
    """A job that had a result.

    Attributes:
        job: Its number.
        result: What came of it.
        time: When.
        seconds: From the trigger to the result.
    """

    job: int
    result: Result
    time: datetime
    seconds: float


class Line:
    """Runs the jobs of a handshake. Safe to use from several threads.

    Every protocol changes the state by `apply` and hears of changes by `listen`; whatever happens to a
    connection, the job goes on and its result waits.
    """

    def __init__(
        self, name: str, frames: Frames, inspect: Inspect, *, image_seconds: float, inspect_seconds: float
    ) -> None:
        """Wait for triggers.

        Args:
            name: The line's.
            frames: Gives images; closed with the line.
            inspect: Inspects them.
            image_seconds: How long a trigger waits for its image.
            inspect_seconds: How long an inspection may take before its job has failed.
        """
        self.name = name
        self._frames, self._inspect = frames, inspect
        self._image_seconds, self._inspect_seconds = image_seconds, inspect_seconds
        self._state = Handshake()
        self._last: Done | None = None
        self._is_over = False
        self._lock = threading.Lock()
        self._listeners: list[Listener] = []
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=f"flawflow-line-{name}", daemon=True)
        self._thread.start()

    @property
    def state(self) -> Handshake:
        """The handshake as it is now."""
        return self._state

    @property
    def last(self) -> Done | None:
        """The last job that had a result, which stays when the machine has acknowledged it."""
        return self._last

    @property
    def seconds(self) -> float:
        """From the last finished job's trigger to its result."""
        return 0.0 if self._last is None else self._last.seconds

    @property
    def error(self) -> str:
        """Why the source of images cannot be read now; empty where it can."""
        return self._frames.error

    def apply(self, transition: Transition) -> Handshake:
        """Change the state and give it; a job that begins by it is started."""
        with self._lock:
            before = self._state
            state = transition(before)
            if self._is_over:
                state = before.enable(False).reset()
            starts = state.job != before.job
            if starts:
                self._frames.arm()
            self._state = state
            if starts:
                self._jobs.put(_Job(state.job, state.part, state.recipe, time.monotonic()))
            # Told within the lock: nobody hears of two moments in the wrong order.
            if state != before:
                for listener in self._listeners:
                    listener(state)
            return state

    def listen(self, listener: Listener) -> None:
        """Have a function called with each new state; it must be quick and call nothing of the line."""
        with self._lock:
            self._listeners.append(listener)

    def close(self) -> None:
        """Give up what is in work and stop."""
        self._is_over = True
        self.apply(lambda state: state)
        self._jobs.put(None)
        self._thread.join(self._inspect_seconds)
        self._frames.close()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                result = self._result(job)
            except Exception:  # Whoever waits must be told, and the next trigger served.
                _log.exception("job %d of line %s failed", job.number, self.name)
                result = failed(Problem.OTHER, "the job failed; the station's log says why")
            self._finish(job, result)

    def _finish(self, job: _Job, result: Result) -> None:
        def transition(state: Handshake) -> Handshake:
            after = state.finish(job.number, result)
            if after is not state:
                self._last = Done(job.number, result, datetime.now(UTC), time.monotonic() - job.since)
            return after

        self.apply(transition)

    def _is_wanted(self, job: _Job) -> bool:
        state = self._state
        return state.busy and state.job == job.number

    def _result(self, job: _Job) -> Result:
        """Do a job."""
        try:
            return self._judged(job)
        except (FlawflowError, SQLAlchemyError, OSError) as error:
            problem = next(problem for kind, problem in _PROBLEMS if isinstance(error, kind))
            return failed(problem, one_line(str(error)))

    def _judged(self, job: _Job) -> Result:
        deadline, refused = job.since + self._image_seconds, ""
        while True:
            try:
                frame = self._frames.take(job.since, deadline, lambda: self._is_wanted(job))
            except NoFrameError:
                if not refused:
                    raise
                return failed(Problem.IMAGE, refused)
            outcome = self._inspected(job, frame)
            if not isinstance(outcome, Failed):
                return result_of(outcome)
            refused = outcome.error
            if not self._frames.refuse(frame):
                return failed(Problem.IMAGE, refused)

    def _inspected(self, job: _Job, frame: Frame) -> Outcome:
        self.apply(lambda state: state.acquired(job.number))
        future = self._inspect(job.recipe, job.part or frame.name, frame.content)
        end = time.monotonic() + self._inspect_seconds
        while not wait([future], _LOOK_SECONDS).done:
            if time.monotonic() > end or not self._is_wanted(job):
                raise LateError(f"the inspection took longer than {self._inspect_seconds:g} s")
        return future.result()


class LateError(StationError):
    """An inspection that takes too long."""


_PROBLEMS: tuple[tuple[type[Exception], Problem], ...] = (
    (NoFrameError, Problem.NO_IMAGE),
    (SourceError, Problem.SOURCE),
    (NotFoundError, Problem.RECIPE),
    (BusyError, Problem.BUSY),
    (LateError, Problem.LATE),
    (SQLAlchemyError, Problem.NOT_RECORDED),
    (OSError, Problem.NOT_RECORDED),
    (Exception, Problem.OTHER),
)


def result_of(row: InspectionRow) -> Result:
    """Give the result of a recorded inspection."""
    first = row.regions[0]["box"] if row.regions else (0, 0, 0, 0)
    left, top, right, bottom = map(int, first)
    return Result(
        code=code_of(cast(Verdict, row.verdict)),
        inspection=row.id,
        score=row.score,
        p_value=row.p_value,
        regions=len(row.regions),
        box=(left, top, right, bottom),
        model=row.model,
        model_sha256=row.model_sha256,
    )
