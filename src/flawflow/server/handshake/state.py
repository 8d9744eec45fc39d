"""The handshake as a state machine: values in, values out, no clock and no connection."""

import enum
from dataclasses import dataclass, replace

from flawflow.decision.verdict_code import Code

LARGEST_JOB = 2**32 - 1


class Problem(enum.IntEnum):
    """Why a job failed."""

    NONE = 0
    NO_IMAGE = 1
    SOURCE = 2
    IMAGE = 3
    RECIPE = 4
    BUSY = 5
    NOT_RECORDED = 6
    LATE = 7
    OTHER = 8


class Phase(enum.Enum):
    """Where a job is."""

    IDLE = "idle"
    ACQUIRING = "acquiring"
    INSPECTING = "inspecting"
    VALID = "valid"


@dataclass(frozen=True, kw_only=True)
class Result:
    """What came of a job; made by `judged` and `failed` only.

    Attributes:
        code: The verdict, or FAILED.
        problem: Why it failed.
        reason: The same as a sentence.
        inspection: The id of the record; 0 for a failure, of which there is none.
        score: The image score; higher is more anomalous.
        p_value: Share of good images that score at least as high, in (0, 1].
        regions: How many there are.
        box: Of the region with the highest peak: left, top, right, bottom in pixels.
        model: The name of the model that judged.
        model_sha256: Hex digest of its file.
    """

    code: Code
    problem: Problem = Problem.NONE
    reason: str = ""
    inspection: int = 0
    score: float = 0.0
    p_value: float = 0.0
    regions: int = 0
    box: tuple[int, int, int, int] = (0, 0, 0, 0)
    model: str = ""
    model_sha256: str = ""

    def __post_init__(self) -> None:
        if (self.code is Code.FAILED) != (self.problem is not Problem.NONE) or self.code is Code.NONE:
            raise ValueError(f"{self.code!r} with {self.problem!r} is no result")


def failed(problem: Problem, reason: str) -> Result:
    """Give the result of a job without a verdict."""
    return Result(code=Code.FAILED, problem=problem, reason=reason)


@dataclass(frozen=True, kw_only=True)
class Handshake:
    """One moment of a line's handshake; every transition gives the next moment.

    A trigger counts only while the line is ready, and is counted as missed otherwise. A result stays until it
    is acknowledged, or given up by a reset. What comes too late for its job is ignored.

    Attributes:
        enabled: Whether the machine wants to trigger.
        phase: Where the job is.
        job: The number of the job in work, or of the last one; 0 before the first.
        part: What the machine calls the part of this job.
        recipe: The model that the machine asked for; empty for the line's own.
        result: While the phase is VALID.
        missed: Triggers that came while the line was not ready.
        dropped: Jobs and results that were given up by a reset.
    """

    enabled: bool = False
    phase: Phase = Phase.IDLE
    job: int = 0
    part: str = ""
    recipe: str = ""
    result: Result | None = None
    missed: int = 0
    dropped: int = 0

    @property
    def ready(self) -> bool:
        """Whether a trigger would start a job."""
        return self.enabled and self.phase is Phase.IDLE

    @property
    def busy(self) -> bool:
        """Whether a job is in work."""
        return self.phase in (Phase.ACQUIRING, Phase.INSPECTING)

    @property
    def code(self) -> Code:
        """The code of the result that waits, else NONE."""
        return Code.NONE if self.result is None else self.result.code

    def enable(self, wanted: bool) -> "Handshake":
        """Let triggers in, or no more; a job in work goes on and a result stays."""
        return replace(self, enabled=wanted)

    def trigger(self, part: str = "", recipe: str = "") -> "Handshake":
        """Start a job, or count a missed trigger."""
        if not self.ready:
            return replace(self, missed=self.missed + 1)
        job = self.job % LARGEST_JOB + 1
        return replace(self, phase=Phase.ACQUIRING, job=job, part=part, recipe=recipe)

    def acquired(self, job: int) -> "Handshake":
        """Note that the image is taken: the part may move."""
        if job != self.job or self.phase is not Phase.ACQUIRING:
            return self
        return replace(self, phase=Phase.INSPECTING)

    def finish(self, job: int, result: Result) -> "Handshake":
        """Hold out the result of a job."""
        if job != self.job or not self.busy:
            return self
        return replace(self, phase=Phase.VALID, result=result)

    def acknowledge(self) -> "Handshake":
        """Let go of the result: the machine has it."""
        if self.phase is not Phase.VALID:
            return self
        return replace(self, phase=Phase.IDLE, result=None)

    def reset(self) -> "Handshake":
        """Give up the job in work or the result that waits."""
        if self.phase is Phase.IDLE:
            return self
        return replace(self, phase=Phase.IDLE, result=None, dropped=self.dropped + 1)
