"""The numbers of a whole inspection, counted picture by picture."""

import heapq
from array import array
from dataclasses import dataclass, field

from flawflow.results.record import Record

# A page with more sentences than this helps nobody; results.jsonl has them all.
_MAX_KEPT_FAILURES = 500
_MAX_KEPT_WORST = 10


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
    _worst: list[tuple[float, int, Record]] = field(default_factory=list, repr=False)

    @property
    def inspected(self) -> int:
        """Pictures that got a verdict."""
        return self.ok + self.review + self.ng

    @property
    def worst(self) -> list[Record]:
        """The records of the most anomalous pictures, ten at most, by falling score."""
        return [record for _, _, record in sorted(self._worst, reverse=True)]

    def add(self, record: Record) -> None:
        """Count one record."""
        if record.error is not None:
            self.unreadable += 1
            if len(self.failures) < _MAX_KEPT_FAILURES:
                self.failures.append((record.path or "(no path)", record.error))
            return
        if record.score is not None:
            self.scores.append(record.score)
            # Of equal scores the earlier picture stays: its negated number is the larger one.
            heapq.heappush(self._worst, (record.score, -self.inspected, record))
            if len(self._worst) > _MAX_KEPT_WORST:
                heapq.heappop(self._worst)
        if record.verdict == "NG":
            self.ng += 1
        elif record.verdict == "REVIEW":
            self.review += 1
        else:
            self.ok += 1
