"""The layout of VisA: a folder an object, and one list of splits for all of them.

OBJECT/Data/Images/Normal/0000.JPG     OBJECT/Data/Images/Anomaly/000.JPG
OBJECT/Data/Masks/Anomaly/000.png      split_csv/1cls.csv: object,split,label,image,mask
"""

import csv
from collections.abc import Mapping
from pathlib import Path

from flawflow.datasets.listed import existing
from flawflow.datasets.sample import GOOD, Dataset, Sample
from flawflow.errors import DatasetError

_COLUMNS = ("object", "split", "label", "image", "mask")
_LABELS = {"normal": False, "anomaly": True}


def is_visa(folder: Path) -> bool:
    """Tell whether a folder has `Data/Images/Normal`."""
    return (folder / "Data" / "Images" / "Normal").is_dir()


def open_visa(folder: Path) -> Dataset:
    """Open one object by the one-class split that is published beside it.

    Raises:
        DatasetError: The list is missing or damaged, says nothing of the object, or names a missing file.
    """
    listing = folder.absolute().parent / "split_csv" / "1cls.csv"
    name = folder.absolute().name
    try:
        with listing.open(encoding="utf-8-sig", newline="") as stream:
            rows = csv.DictReader(stream)
            if not set(_COLUMNS) <= set(rows.fieldnames or ()):
                raise DatasetError(
                    f"{listing} lacks one of the columns {', '.join(_COLUMNS)}: copy it again."
                )
            lines = [(rows.line_num, row) for row in rows if row["object"] == name]
    except FileNotFoundError:
        raise DatasetError(
            f"{folder} is laid out as VisA, but {listing}, which says what to learn from, does not exist."
        ) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{listing} cannot be read ({error}): copy it again.") from None
    samples = [_sample(row, listing, f"Line {number} of {listing}") for number, row in lines]
    if not samples:
        raise DatasetError(f"{listing} lists no picture of {name}: keep the object's folder as it was named.")
    samples.sort(key=lambda sample: (sample.split == "test", sample.is_defective))
    return Dataset(name, tuple(samples))


def _sample(row: Mapping[str, str | None], listing: Path, where: str) -> Sample:
    label, split = row["label"] or "", row["split"]
    if label not in _LABELS or split not in ("train", "test"):
        raise DatasetError(f"{where} has the split {split!r} and the label {label!r}: copy the list again.")
    root = listing.parents[1]
    mask = row["mask"]
    return Sample(
        path=existing(root, row["image"], where),
        split="train" if split == "train" else "test",
        is_defective=_LABELS[label],
        defect_type=label if _LABELS[label] else GOOD,
        mask_path=existing(root, mask, where) if mask else None,
    )
