"""The layout of Real-IAD: pictures in folders of samples, and a JSON file a product that lists them.

    realiad_1024/PRODUCT/OK/S0001/PRODUCT_0001_OK_C1_….jpg
    realiad_1024/PRODUCT/NG/AK/S0001/PRODUCT_0001_NG_AK_C1_….jpg and .png, its mask
    realiad_jsons/PRODUCT.json   {"meta": {"prefix", "normal_class"}, "train": […], "test": […]}

An entry has `image_path` and `mask_path`, counted from the product's folder, and `anomaly_class`. The folder
of a product is opened with the plain list; lists of one view (`realiad_jsons_sv`) and others by their name.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from flawflow.datasets.listed import existing, members
from flawflow.datasets.sample import GOOD, Dataset, Sample, Split
from flawflow.errors import DatasetError
from flawflow.images.find import natural_key
from flawflow.typed import FieldError

_PICTURES, _LISTS = "realiad_*", "realiad_jsons"


@dataclass(frozen=True)
class _Meta:
    prefix: str
    normal_class: str


@dataclass(frozen=True)
class _Entry:
    image_path: str
    anomaly_class: str
    mask_path: str | None


def is_real_iad(path: Path) -> bool:
    """Tell whether a path is such a list, or the folder of a product with one beside it."""
    if path.suffix.lower() == ".json":
        return path.is_file()
    return (path / "OK").is_dir() and _list_of(path) is not None


def open_real_iad(path: Path) -> Dataset:
    """Open a product by its list; types of defect are the list's, such as "AK".

    Defective pictures that a list has for training (its splits with noise) are left out of it.

    Raises:
        DatasetError: The list is damaged, or a picture or mask is missing.
    """
    listing = path if path.is_file() else _list_of(path)
    assert listing is not None, "opened as is_real_iad says"
    try:
        content = json.loads(listing.read_text("utf-8"))
        meta: _Meta = members(_Meta, content["meta"])
        entries: list[tuple[Split, _Entry]] = [
            (split, members(_Entry, entry)) for split in ("train", "test") for entry in content[split]
        ]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        reason = error if isinstance(error, FieldError) else f"{type(error).__name__} {error}"
        raise DatasetError(f"{listing} is no list of Real-IAD ({reason}): copy it again.") from None
    if not entries:
        raise DatasetError(f"{listing} lists no picture: copy it again.")
    root = path if path.is_dir() else _pictures_of(listing, meta, entries[0][1])
    samples = [_sample(entry, split, root, meta, listing) for split, entry in entries]
    samples.sort(key=lambda sample: (sample.split == "test", sample.is_defective))
    noise = sum(sample.is_defective and sample.split == "train" for sample in samples)
    notes = (f"{noise:,} defective pictures that {listing.name} has for training were left out.",)
    return Dataset(Path(meta.prefix).name or listing.stem, tuple(samples), notes if noise else ())


def _sample(entry: _Entry, split: Split, root: Path, meta: _Meta, listing: Path) -> Sample:
    is_defective = entry.anomaly_class != meta.normal_class
    return Sample(
        path=existing(root, entry.image_path, str(listing)),
        split=split,
        is_defective=is_defective,
        defect_type=entry.anomaly_class if is_defective else GOOD,
        mask_path=existing(root, entry.mask_path, str(listing)) if entry.mask_path else None,
    )


def _list_of(folder: Path) -> Path | None:
    """The plain list of a product, which lies beside the folder of all pictures."""
    whole = folder.absolute()
    lists = whole.parents[1] / _LISTS if len(whole.parents) > 1 else whole
    names = (lists / f"{whole.name}.json", lists / _LISTS / f"{whole.name}.json")
    return next((name for name in names if name.is_file()), None)


def _pictures_of(listing: Path, meta: _Meta, entry: _Entry) -> Path:
    """The product's folder that a list counts from: that of the largest pictures that are there."""
    for folder in _folders_above(listing):
        if (folder / meta.prefix / entry.image_path).is_file():
            return folder / meta.prefix
    raise DatasetError(
        f"{listing} lists pictures that are not beside it: {_PICTURES}/{meta.prefix}{entry.image_path}."
    )


def _folders_above(listing: Path) -> Iterator[Path]:
    for above in listing.absolute().parents[1:3]:
        yield from sorted(above.glob(_PICTURES), key=natural_key, reverse=True)
