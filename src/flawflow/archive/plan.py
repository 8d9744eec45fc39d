"""What an inspection of an archive is: where the pictures are, by which model, and the frozen listing.

The results' folder holds

    archive.json             this plan; written when the listing is whole
    listing/00000.jsonl      the names of a shard's pictures, a JSON string a line
    shards/00000.jsonl       a shard's records, and .parquet with the same
    shards/00000.json        its numbers; written last, so with it the shard is whole
    overlays/…               pictures with their heat maps
    summary.json             the numbers of all shards
"""

import itertools
import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from flawflow.errors import DatasetError, FlawflowError
from flawflow.images import IMAGE_SUFFIXES
from flawflow.images.find import is_named, is_passed_by, suffix_of
from flawflow.storage.files import write_whole
from flawflow.storage.remote import RemotePath
from flawflow.typed import FieldError, parse, to_plain

PLAN_NAME = "archive.json"
PICTURES_PER_SHARD = 1000
"""What is inspected again at most where a process is killed: some ten seconds of a core."""

_VERSION = 1

Overlays = Literal["none", "ng", "all"]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What decides the results; another inspection into the same folder must ask for the same.

    Attributes:
        pictures: Where the pictures are, as it is shown: what may be a secret in a URL is masked.
        model_sha256: Of the model file.
        rates: The share of good pictures that may be NG, and NG or REVIEW.
        overlays: Of which pictures there are overlays.
        parquet: Whether shards are written as Parquet too.
    """

    pictures: str
    model_sha256: str
    rates: tuple[float, float]
    overlays: Overlays
    parquet: bool


@dataclass(frozen=True, kw_only=True)
class Plan:
    """An inspection of an archive whose listing is frozen.

    Attributes:
        version: Of this form.
        journal: Of all its records.
        asked: What decides the results.
        picture_count: How many pictures are listed.
        per_shard: How many a shard has; the last may have fewer.
        others: How many objects are not named like pictures, by suffix.
    """

    version: int
    journal: str
    asked: Asked
    picture_count: int
    per_shard: int
    others: dict[str, int]

    @property
    def shard_count(self) -> int:
        """How many shards there are."""
        return -(-self.picture_count // self.per_shard)


def opened_plan(
    output: Path,
    pictures: Path,
    asked: Asked,
    *,
    per_shard: int = PICTURES_PER_SHARD,
    on_listed: Callable[[int], None] = lambda _: None,
) -> Plan:
    """Give the plan in a folder of results, made now where there is none.

    Args:
        output: The folder.
        pictures: The folder or prefix whose pictures are inspected, or one picture.
        asked: What decides the results.
        per_shard: Pictures a shard.
        on_listed: Called with the number of pictures listed so far.

    Raises:
        FlawflowError: There are results of something else.
        DatasetError: There is no picture, or the place cannot be listed.
        OSError: The folder cannot be written.
    """
    found = read_plan(output)
    if found is None:
        return _frozen(output, pictures, asked, per_shard, on_listed)
    if found.asked != asked:
        before, now = to_plain(found.asked), to_plain(asked)
        different = ", ".join(name for name in now if before[name] != now[name])
        raise FlawflowError(
            f"{output} holds results of another inspection (different: {different}): name another folder."
        )
    return found


def read_plan(output: Path) -> Plan | None:
    """Give the plan in a folder of results; None where there is none.

    Raises:
        FlawflowError: It cannot be read.
    """
    path = output / PLAN_NAME
    try:
        plan: Plan = parse(Plan, json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FlawflowError(f"{path} cannot be read ({error.strerror}): check your rights there.") from None
    except (ValueError, RecursionError) as error:
        kind = error.where if isinstance(error, FieldError) else type(error).__name__
        raise FlawflowError(f"{path} is not a plan of an archive ({kind}): name another folder.") from None
    if plan.version != _VERSION:
        raise FlawflowError(f"{path} was written by another flawflow: use that, or name another folder.")
    return plan


def shard_names(output: Path, index: int) -> list[str]:
    """Give the names of a shard's pictures."""
    return [json.loads(line) for line in _listing(output, index).read_bytes().splitlines()]


def root_of(pictures: Path) -> Path:
    """Give what the names of a listing count from."""
    return pictures.parent if is_named(pictures) and pictures.is_file() else pictures


def _frozen(
    output: Path, pictures: Path, asked: Asked, per_shard: int, on_listed: Callable[[int], None]
) -> Plan:
    others: Counter[str] = Counter()
    count = index = 0
    try:
        names = _pictures(_names(pictures), others)
        while shard := list(itertools.islice(names, per_shard)):
            lines = "".join(f"{json.dumps(name)}\n" for name in shard)
            write_whole(_listing(output, index), lines)
            count, index = count + len(shard), index + 1
            on_listed(count)
    except _ListingError as error:
        raise DatasetError(
            f"{pictures} cannot be listed ({error}): check the address, and your rights there."
        ) from None
    if not count:
        raise DatasetError(f"There is no picture at {pictures}: check the address.")
    plan = Plan(
        version=_VERSION,
        journal=uuid.uuid4().hex,
        asked=asked,
        picture_count=count,
        per_shard=per_shard,
        others=dict(others.most_common()),
    )
    write_whole(output / PLAN_NAME, json.dumps(to_plain(plan), indent=1) + "\n")
    return plan


class _ListingError(Exception):
    """The pictures' place, not that of the results, cannot be read."""


def _names(pictures: Path) -> Iterator[str]:
    try:
        if root_of(pictures) != pictures:
            yield pictures.name
        elif isinstance(pictures, RemotePath):
            yield from pictures.names_below()
        else:
            yield from _names_here(pictures)
    except OSError as error:
        raise _ListingError(error.strerror or type(error).__name__) from None


def _names_here(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield path.relative_to(folder).as_posix()


def _pictures(names: Iterable[str], others: Counter[str]) -> Iterator[str]:
    """Only pictures; what is hidden or a system's own is left out, as in folders of this computer."""
    for name in names:
        *folders, last = name.split("/")
        if any(map(is_passed_by, folders)) or is_passed_by(last):
            continue
        suffix = suffix_of(last)
        if suffix in IMAGE_SUFFIXES:
            yield name
        else:
            others[suffix] += 1


def _listing(output: Path, index: int) -> Path:
    return output / "listing" / f"{index:05d}.jsonl"
