"""A manifest: a CSV file that lists pictures, their labels and their splits."""

import csv
from collections.abc import Mapping
from pathlib import Path

from flawflow.datasets.masks import notes_on_masks
from flawflow.datasets.sample import DEFECTIVE, GOOD, Dataset, Sample, Split, part_name
from flawflow.errors import DatasetError
from flawflow.storage.paths import joined

_REQUIRED = ("image_path", "label_index", "split")


def open_manifest(path: Path) -> Dataset:
    """Open a CSV manifest in UTF-8.

    Columns, in any order:

    - `image_path`: the picture, relative to the manifest's folder, or absolute;
    - `label_index`: 0 good, 1 defective;
    - `split`: train or test;
    - `mask_path` (may be missing or empty): the mask, as `image_path`;
    - `label` (may be missing or empty): the type of defect.

    Other columns are ignored. The dataset is named after the manifest's folder.

    Raises:
        DatasetError: The file or a row cannot serve; the message names the row by its line.
    """
    if path.suffix.lower() != ".csv":
        raise DatasetError(f"{path} is neither a folder nor a manifest: name a folder or a .csv file.")
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = csv.DictReader(stream, skipinitialspace=True)
            missing = [name for name in _REQUIRED if name not in (rows.fieldnames or ())]
            if missing:
                raise DatasetError(
                    f"The manifest {path} lacks the column {missing[0]}: its first line must be "
                    "image_path,label_index,split,mask_path (the last may be missing), with commas."
                )
            samples = [_sample(row, path.parent, f"Line {rows.line_num} of {path}") for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(
            f"The manifest {path} cannot be read ({error}): save it as CSV in UTF-8."
        ) from error
    if not samples:
        raise DatasetError(f"The manifest {path} lists no picture: give it a row for each.")
    samples.sort(key=lambda sample: sample.split == "test")
    return Dataset(part_name(path.parent), tuple(samples), _without_mask(samples))


def _without_mask(samples: list[Sample]) -> tuple[str, ...]:
    defective = [sample for sample in samples if sample.is_defective]
    if not any(sample.mask_path for sample in defective):
        return ()
    return notes_on_masks(
        defective=[s.path for s in defective], bare=[s.path for s in defective if not s.mask_path]
    )


def _sample(row: Mapping[str, str | None], folder: Path, where: str) -> Sample:
    # A short row leaves None in its last columns.
    values = {name: (value or "").strip() for name, value in row.items() if isinstance(value, str | None)}
    is_defective = _is_defective(values["label_index"], where)
    label = values.get("label", "")
    if is_defective and label.casefold() == GOOD:
        raise DatasetError(f"{where} has label_index 1 but the label '{label}': correct one of them.")
    mask = values.get("mask_path", "")
    return Sample(
        path=_file(values["image_path"], "image_path", folder, where),
        split=_split(values["split"], where),
        is_defective=is_defective,
        defect_type=(label or DEFECTIVE) if is_defective else GOOD,
        mask_path=_file(mask, "mask_path", folder, where) if mask else None,
    )


def _is_defective(value: str, where: str) -> bool:
    if value not in ("0", "1"):
        raise DatasetError(f"{where} has the label_index '{value}': it must be 0 (good) or 1 (defective).")
    return value == "1"


def _split(value: str, where: str) -> Split:
    if value == "train":
        return "train"
    if value == "test":
        return "test"
    raise DatasetError(f"{where} has the split '{value}': it must be train or test.")


def _file(value: str, column: str, folder: Path, where: str) -> Path:
    path = joined(folder, value)
    if not value or not path.is_file():
        raise DatasetError(
            f"{where} names a file that does not exist ({column} '{value}'): paths count from {folder}."
        )
    return path
