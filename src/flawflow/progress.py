"""How far a long piece of work is, as data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Progress:
    """One step of a long piece of work.

    Attributes:
        stage: What is being done.
        done: Steps done in this stage.
        total: Steps of this stage; 0 where nobody knows.
        note: A figure worth seeing, or nothing.
        start: How much of the whole work is done when the stage begins, from 0 to 1.
        end: The same when it ends.
    """

    stage: str
    done: int
    total: int
    note: str = ""
    start: float = 0.0
    end: float = 1.0

    @property
    def share(self) -> float:
        """How much of the whole work is done, from 0 to 1.

        >>> Progress("Features", 1, 2, start=0.0, end=0.5).share
        0.25
        """
        return self.start + (self.end - self.start) * (self.done / self.total if self.total else 0.0)


OnProgress = Callable[[Progress], None]

_HALF = 0.5


def ignore_progress(progress: Progress) -> None:
    """Tell nobody."""
    del progress


def within(on_progress: OnProgress, start: float, end: float) -> OnProgress:
    """Gives the callback of one part of the work, which reports its own progress only.

    Args:
        on_progress: Receives the progress of the whole.
        start: How much of the whole is done when the part begins, from 0 to 1.
        end: The same when it ends.
    """

    def tell(step: Progress) -> None:
        width = end - start
        on_progress(replace(step, start=start + width * step.start, end=start + width * step.end))

    return tell


def spans(weights: Mapping[str, float]) -> dict[str, tuple[float, float]]:
    """Where each part of a work lies, from 0 to 1, by how long it takes beside the others.

    >>> spans({"features": 1, "flows": 3})
    {'features': (0.0, 0.25), 'flows': (0.25, 1.0)}
    """
    total, done, found = sum(weights.values()), 0.0, {}
    for name, weight in weights.items():
        found[name] = (done / total, (done + weight) / total)
        done += weight
    return found


class JobsProgress:
    """How far several pieces of work are together, each by what it weighs beside the others.

    >>> progress = JobsProgress({"bottle": 1.0, "grid": 3.0})
    >>> progress.update("grid", Progress("Features", 1, 2))
    >>> progress.end("bottle")
    >>> progress.share, progress.ended, progress.seconds_left(after=10.0)
    (0.625, 1, 6.0)
    """

    def __init__(self, weights: Mapping[str, float]) -> None:
        """Begin with nothing done; weights are positive."""
        self._weights = dict(weights)
        self._shares = dict.fromkeys(weights, 0.0)
        self._steps: dict[str, Progress] = {}
        self.ended = 0

    @property
    def total(self) -> int:
        """How many pieces there are."""
        return len(self._weights)

    @property
    def steps(self) -> Mapping[str, Progress]:
        """The last step of each piece that has begun and not ended, in the order in which they began."""
        return self._steps

    @property
    def share(self) -> float:
        """How much of all is done, from 0 to 1."""
        done = sum(weight * self._shares[name] for name, weight in self._weights.items())
        return done / sum(self._weights.values())

    def update(self, name: str, step: Progress) -> None:
        """Take a step of one piece; one that is begun again counts from where it is."""
        self._steps[name] = step
        self._shares[name] = step.share

    def end(self, name: str) -> None:
        """Count a piece as done, however it ended."""
        self._steps.pop(name, None)
        self._shares[name] = 1.0
        self.ended += 1

    def seconds_left(self, *, after: float) -> float | None:
        """How long the rest takes at the pace so far; None before as much as half a piece is done."""
        share = self.share
        return after * (1 - share) / share if share * self.total >= _HALF else None
