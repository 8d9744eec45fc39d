"""A look at the good pictures before anything is learned from them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from flawflow.errors import DatasetError, one_line
from flawflow.training.duplicates import find_duplicates
from flawflow.training.feature_source import FeatureSource
from flawflow.training.feature_store import FeatureStore
from flawflow.training.split import require_enough
from flawflow.training.suspects import Suspect, find_suspects

# With fewer pictures a training says what it cannot know.
FEW_IMAGES = 30
_SIZES_SHOWN = 3


@dataclass(frozen=True)
class CheckedData:
    """Good pictures, looked at.

    Attributes:
        source: Those that count, in the order in which they were given, with their features.
        suspects: Those that may be defective, the most unusual first.
        notes: Sentences about the pictures that a person should read.
        failures: Those that could not be read, each with the sentence that says why.
        copies: Those that are copies, each with the one that counts in its place.
    """

    source: FeatureSource
    suspects: tuple[Suspect, ...]
    notes: tuple[str, ...]
    failures: tuple[tuple[Path, str], ...]
    copies: tuple[tuple[Path, Path], ...]


def check_data(source: FeatureSource, *, exclude_suspects: bool) -> CheckedData:
    """Find copies and suspects, and leave out what must not count.

    Of copies only the first counts. If one was learned from and the other calibrated, the scores of
    calibration would be too good, and more good parts be rejected than stated.

    Args:
        source: All good pictures.
        exclude_suspects: Leave suspects out, too.

    Raises:
        DatasetError: What can be read, or what remains, is too little.
    """
    store = source.features
    require_enough(len(store.pictures))
    first = find_duplicates(store.fingerprints, store.plain(len(store.maps) - 1), store.grids[-1])
    kept = [number for number, original in enumerate(first) if number == original]
    notes = tuple(_notes(store, first, source.size))
    given = store.pictures
    copies = tuple(
        (given[number], given[original]) for number, original in enumerate(first) if number != original
    )
    _require(kept, store, "copies of others")
    store = store.only(kept)
    suspects = find_suspects(store, size=source.size, seed=source.seed, on_progress=source.on_progress)
    if exclude_suspects:
        excluded = {suspect.path for suspect in suspects}
        kept = [number for number, path in enumerate(store.pictures) if path not in excluded]
        _require(kept, store, "suspects")
        store = store.only(kept)
    return CheckedData(
        replace(source, pictures=store.pictures, store=store), suspects, notes, store.failures, copies
    )


def _require(kept: Sequence[int], store: FeatureStore, what: str) -> None:
    try:
        require_enough(len(kept))
    except DatasetError as error:
        left_out = len(store.pictures) - len(kept)
        if not left_out:
            raise
        raise DatasetError(f"Without the {left_out} that are {what}, {error}") from None


def _notes(store: FeatureStore, first: Sequence[int], size: tuple[int, int]) -> list[str]:
    notes = []
    count = len(store.pictures)
    repeated = [number for number in range(count) if first[number] != number]
    if repeated:
        one, other = (one_line(str(store.pictures[n])) for n in (repeated[0], first[repeated[0]]))
        notes.append(
            f"{len(repeated)} of {count} good pictures are copies of others, or nearly so "
            f"(such as {one} of {other}): they were left out."
        )
    sizes = Counter(fingerprint.size for fingerprint in store.fingerprints).most_common()
    if len(sizes) > 1:
        shown = ", ".join(f"{times} of {w} × {h}" for (h, w), times in sizes[:_SIZES_SHOWN])
        more = f" and {len(sizes) - _SIZES_SHOWN} more" if len(sizes) > _SIZES_SHOWN else ""
        notes.append(
            f"The good pictures differ in size ({shown}{more}): all are resized to {size[1]} × {size[0]}, so "
            "those of other proportions or sharpness look different."
        )
    if count - len(repeated) < FEW_IMAGES:
        notes.append(
            f"{count - len(repeated)} good pictures show little of what good parts may look like: expect "
            f"good parts that stand out, and give {FEW_IMAGES} or more when you have them."
        )
    return notes
