"""The layout of MVTec LOCO AD: a mask for each defect of a picture, and how much of each kind is enough.

train/good/000.png              validation/good/…
test/logical_anomalies/000.png  ground_truth/logical_anomalies/000/000.png, 001.png, …
defects_config.json: a list of {"pixel_value", "saturation_threshold", "relative_saturation"}
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from flawflow.datasets.listed import members
from flawflow.datasets.masks import Pairs, notes_on_masks
from flawflow.datasets.mvtec import opened
from flawflow.datasets.sample import Dataset, Sample, Saturation
from flawflow.errors import DatasetError
from flawflow.images.find import walk_images
from flawflow.typed import FieldError

_CONFIG = "defects_config.json"


def is_mvtec_loco(folder: Path) -> bool:
    """Tell whether a folder has `train/good` and the file that states saturations."""
    return (folder / "train" / "good").is_dir() and (folder / _CONFIG).is_file()


def open_mvtec_loco(folder: Path) -> Dataset:
    """Open one category; its types of defect are "logical_anomalies" and "structural_anomalies".

    Raises:
        DatasetError: There is no picture to learn from, or the configuration is damaged.
    """
    saturations = _saturations(folder / _CONFIG)
    plain = opened(
        folder, train=folder / "train" / "good", test=folder / "test", paired=lambda _pictures: Pairs({}, ())
    )
    samples = tuple(
        _with_masks(sample, folder) if sample.is_defective else sample for sample in plain.samples
    )
    defective = [sample for sample in samples if sample.is_defective]
    bare = [sample.path for sample in defective if not sample.defect_masks]
    notes = notes_on_masks(defective=[sample.path for sample in defective], bare=bare)
    return replace(plain, samples=samples, notes=plain.notes + notes, saturations=saturations)


def _with_masks(sample: Sample, folder: Path) -> Sample:
    masks = folder / "ground_truth" / sample.defect_type / sample.path.stem
    return replace(sample, defect_masks=tuple(walk_images(masks)) if masks.is_dir() else ())


@dataclass(frozen=True)
class _Kind:
    """An entry of the configuration."""

    pixel_value: int
    saturation_threshold: float
    relative_saturation: bool


def _saturations(path: Path) -> Mapping[int, Saturation]:
    try:
        entries = json.loads(path.read_text("utf-8"))
        kinds = [members(_Kind, entry) for entry in entries]
    except (OSError, ValueError, TypeError, RecursionError) as error:
        reason = error if isinstance(error, FieldError) else type(error).__name__
        raise DatasetError(f"{path} states no saturations ({reason}): copy it again.") from None
    for kind in kinds:
        if not kind.saturation_threshold > 0:
            raise DatasetError(f"{path} states a saturation of {kind.saturation_threshold}: copy it again.")
    return {
        kind.pixel_value: Saturation(kind.saturation_threshold, kind.relative_saturation) for kind in kinds
    }
