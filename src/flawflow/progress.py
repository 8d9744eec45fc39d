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
