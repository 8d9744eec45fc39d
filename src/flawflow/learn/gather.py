"""What of the good pictures is learned from and what calibrates, once they have been looked at."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from flawflow.errors import DatasetError, one_line
from flawflow.learn.calibrate import require_enough
from flawflow.learn.features import FeatureStore
from flawflow.learn.look import copies
from flawflow.learn.source import Source
from flawflow.learn.suspects import Suspect, find_suspects

# With fewer pictures a training says what it cannot know.
FEW = 30
_SIZES_SHOWN = 3


@dataclass(frozen=True)
class Gathered:
    """Good pictures, looked at.

    Attributes:
        source: Those to learn from, with their features.
        held_out: Those to calibrate with.
        suspects: Those that may be defective, the most unusual first.
        notes: Sentences about the pictures that a person should read.
        failures: Those that could not be read, each with the sentence that says why.
    """

    source: Source
    held_out: tuple[Path, ...]
    suspects: tuple[Suspect, ...]
    notes: tuple[str, ...]
    failures: tuple[tuple[Path, str], ...]


def gather(source: Source, held_out: Sequence[Path], *, exclude_suspects: bool) -> Gathered:
    """Look at good pictures before anything is learned from them.

    A picture that is a copy of another never calibrates: what was learned from its copy would find it good,
    and a threshold by such scores would reject more good parts than it says.

    Args:
        source: All good pictures, those to learn from first, then those held out. Its features are of no
            further use when pictures in their middle are left out.
        held_out: Those that shall calibrate.
        exclude_suspects: Neither learn from suspects nor calibrate with them.

    Raises:
        DatasetError: What can be read, and what remains, is too little.
    """
    store = source.features
    require_enough(len(store.pictures))
    first = copies(store.looks)
    suspects = find_suspects(store, first, size=source.size, seed=source.seed, on_progress=source.on_progress)
    excluded = {suspect.path for suspect in suspects} if exclude_suspects else set()
    aside = set(held_out)
    learned = [n for n, path in enumerate(store.pictures) if path not in aside | excluded]
    calibrating = [
        path for n, path in enumerate(store.pictures) if path in aside - excluded and first[n] == n
    ]
    _require_some(store, learned, calibrating)
    return Gathered(
        source=replace(source, pictures=tuple(store.pictures[n] for n in learned), store=store.only(learned)),
        held_out=tuple(calibrating),
        suspects=suspects,
        notes=tuple(_notes(store, first, source.size)),
        failures=store.failures,
    )


def _require_some(store: FeatureStore, learned: Sequence[int], calibrating: Sequence[Path]) -> None:
    if not calibrating:
        raise DatasetError(
            f"None of {len(store.pictures)} good pictures is left to calibrate with: those kept aside are "
            "copies of others, or suspects that were excluded; give more good pictures."
        )
    require_enough(len(learned) + len(calibrating))


def _notes(store: FeatureStore, first: Sequence[int], size: tuple[int, int]) -> list[str]:
    notes = []
    count = len(store.pictures)
    repeated = [n for n in range(count) if first[n] != n]
    if repeated:
        one, other = (one_line(str(store.pictures[n])) for n in (repeated[0], first[repeated[0]]))
        notes.append(
            f"{len(repeated)} of {count} good pictures are copies of others, or nearly so "
            f"({one} of {other}): they say nothing new, and none of them calibrates."
        )
    sizes = Counter(look.size for look in store.looks).most_common()
    if len(sizes) > 1:
        shown = ", ".join(f"{times} of {w} × {h}" for (h, w), times in sizes[:_SIZES_SHOWN])
        more = f" and {len(sizes) - _SIZES_SHOWN} sizes more" if len(sizes) > _SIZES_SHOWN else ""
        notes.append(
            f"The good pictures differ in size ({shown}{more}): all are resized to {size[1]} × {size[0]}, so "
            "those of other proportions or sharpness look different."
        )
    if count < FEW:
        notes.append(
            f"{count} good pictures show little of what good parts may look like: expect good parts that "
            f"stand out, and give {FEW} or more when you have them."
        )
    return notes
