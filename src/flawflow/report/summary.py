"""The numbers of a whole inspection, counted picture by picture."""

from array import array
from dataclasses import dataclass, field
from typing import Any

# A page with more sentences than this helps nobody; results.jsonl has them all.
_KEPT_FAILURES = 500


@dataclass
class Summary:
    """What an inspection amounts to so far.

    Attributes:
        model: The model's name.
        ok: Pictures judged OK.
        review: Pictures judged REVIEW.
        ng: Pictures judged NG.
        unreadable: Pictures that could not be inspected.
        scores: The score of every inspected picture.
        failures: (path, sentence) of the first unreadable pictures.
    """

    model: str
    ok: int = 0
    review: int = 0
    ng: int = 0
    unreadable: int = 0
    scores: "array[float]" = field(default_factory=lambda: array("d"))
    failures: list[tuple[str, str]] = field(default_factory=list)

    @property
    def inspected(self) -> int:
        """Pictures that got a verdict."""
        return self.ok + self.review + self.ng

    def add(self, record: dict[str, Any]) -> None:
        """Count one record of results.jsonl."""
        if record["error"] is not None:
            self.unreadable += 1
            if len(self.failures) < _KEPT_FAILURES:
                self.failures.append((record["path"] or "(no path)", record["error"]))
            return
        self.scores.append(record["score"])
        if record["verdict"] == "NG":
            self.ng += 1
        elif record["verdict"] == "REVIEW":
            self.review += 1
        else:
            self.ok += 1
