"""Which mask belongs to which picture: by name, within a folder of masks."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from flawflow.picture.find import walk_pictures

_SUFFIX = "_mask"


def pair_masks(pictures: Iterable[Path], folder: Path, masks: Path) -> Mapping[Path, Path]:
    """Pair pictures with their masks.

    The mask of `folder/TYPE/STEM.jpg` is `masks/TYPE/STEM_mask.png`, else `masks/TYPE/STEM.png`, with any
    picture suffix; where no other picture has that stem, the mask may also lie in `masks` itself.

    Args:
        pictures: Pictures below `folder`.
        folder: Their common folder.
        masks: The folder of masks.

    Returns:
        The mask of each picture that has one.
    """
    known: dict[Path, Path] = {}
    for mask in walk_pictures(masks):
        known.setdefault(mask.relative_to(masks).with_suffix(""), mask)
    stems = {picture: picture.relative_to(folder).with_suffix("") for picture in pictures}
    uses = Counter(stem.name for stem in stems.values())
    pairs: dict[Path, Path] = {}
    for picture, stem in stems.items():
        places = [stem, Path(stem.name)] if uses[stem.name] == 1 else [stem]
        names = [place.with_name(place.name + end) for place in places for end in (_SUFFIX, "")]
        mask_or_none = next((known[name] for name in names if name in known), None)
        if mask_or_none is not None:
            pairs[picture] = mask_or_none
    return pairs
