"""The numbers of shards, and of all of them together."""

import heapq
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from flawflow.archive.plan import Plan
from flawflow.errors import FlawflowError
from flawflow.results.record import Record
from flawflow.storage.files import write_whole
from flawflow.storage.remote import RemotePath
from flawflow.typed import parse, to_plain

SUMMARY_NAME = "summary.json"

_SHARDS = "shards"
_KEPT = 10


@dataclass(frozen=True, kw_only=True)
class Worst:
    """One of the most anomalous pictures."""

    path: str
    score: float
    verdict: str
    overlay: str | None


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """What an inspection amounts to, of one shard or of several.

    Attributes:
        ok: Pictures judged OK.
        review: Pictures judged REVIEW.
        ng: Pictures judged NG.
        unreadable: Pictures that could not be inspected.
        seconds: That the work took, added up over shards.
        worst: The most anomalous pictures, ten at most, by falling score.
        failures: Why pictures could not be inspected: the first ten sentences.
    """

    ok: int = 0
    review: int = 0
    ng: int = 0
    unreadable: int = 0
    seconds: float = 0.0
    worst: tuple[Worst, ...] = ()
    failures: tuple[str, ...] = ()

    @property
    def inspected(self) -> int:
        """Pictures that got a verdict."""
        return self.ok + self.review + self.ng

    @classmethod
    def of(cls, records: Sequence[Record], seconds: float) -> Self:
        """Count a shard's records, which took so many seconds."""
        verdicts = [record.verdict for record in records if record.error is None]
        failures = [record.error for record in records if record.error is not None]
        worst = (
            Worst(path=record.path or "", score=record.score, verdict=record.verdict, overlay=record.overlay)
            for record in records
            if record.score is not None and record.verdict is not None
        )
        return cls(
            ok=verdicts.count("OK"),
            review=verdicts.count("REVIEW"),
            ng=verdicts.count("NG"),
            unreadable=len(failures),
            seconds=round(seconds, 3),
            worst=_worst(worst),
            failures=tuple(failures[:_KEPT]),
        )

    def plus(self, other: "Numbers") -> "Numbers":
        """Add those of another shard."""
        return Numbers(
            ok=self.ok + other.ok,
            review=self.review + other.review,
            ng=self.ng + other.ng,
            unreadable=self.unreadable + other.unreadable,
            seconds=round(self.seconds + other.seconds, 3),
            worst=_worst((*self.worst, *other.worst)),
            failures=(self.failures + other.failures)[:_KEPT],
        )


def shard_path(output: Path, index: int, suffix: str) -> Path:
    """Give a file of a shard; the one with the suffix `json` is there when the shard is whole."""
    return output / _SHARDS / f"{index:05d}.{suffix}"


def missing_shards(output: Path, plan: Plan) -> list[int]:
    """Give the shards that are not whole, in order."""
    done = {name for name in _names(output / _SHARDS) if name.endswith(".json")}
    return [index for index in range(plan.shard_count) if f"{index:05d}.json" not in done]


def add_up(output: Path, plan: Plan) -> Numbers:
    """Add up all shards and write summary.json; every shard must be whole.

    Raises:
        FlawflowError: The numbers of a shard are missing or damaged.
    """
    total = Numbers()
    for index in range(plan.shard_count):
        total = total.plus(_numbers(shard_path(output, index, "json")))
    content = {"pictures": plan.asked.pictures, "journal": plan.journal, "others": plan.others}
    write_whole(output / SUMMARY_NAME, json.dumps({**content, **to_plain(total)}, indent=1) + "\n")
    return total


def _numbers(path: Path) -> Numbers:
    try:
        numbers: Numbers = parse(Numbers, json.loads(path.read_bytes()))
    except (OSError, ValueError, RecursionError) as error:
        raise FlawflowError(
            f"{path} cannot be read ({type(error).__name__}): remove it and give the same command again."
        ) from None
    return numbers


def _names(folder: Path) -> Iterator[str]:
    if isinstance(folder, RemotePath):
        yield from folder.names_below()
    elif folder.is_dir():
        yield from (path.name for path in folder.iterdir())


def _worst(pictures: Iterable[Worst]) -> tuple[Worst, ...]:
    # Of equal scores the earlier picture comes first.
    return tuple(heapq.nlargest(_KEPT, pictures, key=lambda picture: picture.score))
