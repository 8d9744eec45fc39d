"""Which mask belongs to which picture: by name, within a folder of masks."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from flawflow.errors import one_line
from flawflow.images.find import walk

_WORDS = "mask|gt|ground[_-]?truth|labels?|seg|segmentation|annotation|defects?"
# What programs put before or behind a picture's name for its mask.
_AROUND = re.compile(rf"^(?:(?:{_WORDS})[ ._-]+(.+)|(.+?)[ ._-]+(?:{_WORDS}))$")
_SHOWN = 3

Key = tuple[str, ...]


@dataclass(frozen=True)
class Pairs:
    """Pictures and their masks.

    Attributes:
        mask_of: The mask of each picture that has one.
        notes: Sentences about pictures without a mask and masks without a picture.
    """

    mask_of: Mapping[Path, Path]
    notes: tuple[str, ...]


def pair_masks(pictures: Iterable[Path], folder: Path, masks: Path) -> Pairs:
    """Pair pictures with their masks.

    The mask of `folder/TYPE/STEM.jpg` is `masks/TYPE/STEM_mask.png`, else `masks/TYPE/STEM.png`, with any
    picture suffix; where no other picture has that stem, the mask may also lie in `masks` itself. `_mask`
    may be any usual word (`_gt`, `-label`, `mask_` in front), and neither case nor the Unicode form of names
    counts.

    Args:
        pictures: Pictures below `folder`.
        folder: Their common folder.
        masks: The folder of masks.
    """
    found = walk(masks)
    keys = {picture: _key(picture, folder) for picture in pictures}
    plain, worded = _by_name(found.pictures, masks, taken=set(keys.values()))
    uses = Counter(key[-1] for key in keys.values())
    pairs: dict[Path, Path] = {}
    for picture, key in keys.items():
        places = [key, key[-1:]] if uses[key[-1]] == 1 else [key]
        mask = next((named[place] for place in places for named in (worded, plain) if place in named), None)
        if mask is not None:
            pairs[picture] = mask
    used = set(pairs.values())
    notes = notes_on_masks(
        defective=list(keys),
        bare=[picture for picture in keys if picture not in pairs],
        unused=[mask for mask in found.pictures if mask not in used],
    )
    return Pairs(pairs, found.notes + notes)


def notes_on_masks(
    *, defective: Sequence[Path], bare: Sequence[Path], unused: Sequence[Path] = ()
) -> tuple[str, ...]:
    """Say which defective pictures have no mask, and which masks no picture."""
    notes = []
    if bare:
        have = "has no mask and counts" if len(bare) == 1 else "have no mask and count"
        notes.append(
            f"{len(bare):,} of {len(defective):,} defective pictures {have} for picture measures only "
            f"({_shown(bare)}): name each mask after its picture, as STEM_mask.png."
        )
    if unused:
        belong = "mask belongs" if len(unused) == 1 else "masks belong"
        notes.append(f"{len(unused):,} {belong} to no picture by name ({_shown(unused)}).")
    return tuple(notes)


def _by_name(
    masks: Iterable[Path], folder: Path, *, taken: set[Key]
) -> tuple[dict[Key, Path], dict[Key, Path]]:
    """Masks by their own names, and by those that are left without a word such as `_mask`."""
    plain: dict[Key, Path] = {}
    worded: dict[Key, Path] = {}
    for mask in masks:
        key = _key(mask, folder)
        plain.setdefault(key, mask)
        match = _AROUND.match(key[-1])
        # A picture may itself be called "a_gt": then that is its mask and not that of "a".
        if match and key not in taken:
            worded.setdefault((*key[:-1], match[1] or match[2]), mask)
    return plain, worded


def _key(path: Path, folder: Path) -> Key:
    """The parts of a name without its suffix, in one spelling whatever disk it was copied over."""
    parts = path.relative_to(folder).with_suffix("").parts
    # Twice: folding case may take letters apart.
    return tuple(
        unicodedata.normalize("NFC", unicodedata.normalize("NFC", part).casefold()) for part in parts
    )


def _shown(paths: Sequence[Path]) -> str:
    more = f" and {len(paths) - _SHOWN:,} more" if len(paths) > _SHOWN else ""
    return ", ".join(one_line(path.name) for path in paths[:_SHOWN]) + more
