"""What the masks of a sample say, read and checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flawflow.datasets.sample import Sample, Saturation
from flawflow.errors import DatasetError, ImageError, one_line
from flawflow.images import has_shape_of, read_image
from flawflow.metrics import DefectRegion


@dataclass(frozen=True, eq=False)
class Truth:
    """What is known of a picture's defects.

    Attributes:
        mask: bool (H, W) with all of them; None where nothing is known.
        defects: They one by one, where the data set marks them so.
        left_out: Why a mask could not be used, a sentence each; then nothing is known.
    """

    mask: NDArray[np.bool_] | None = None
    defects: tuple[DefectRegion, ...] = ()
    left_out: tuple[str, ...] = ()


def read_truth(sample: Sample, picture: tuple[int, int], saturations: Mapping[int, Saturation]) -> Truth:
    """Read the masks of a sample.

    Args:
        sample: Whose masks to read.
        picture: The (H, W) of its picture, whose shape masks must have.
        saturations: As of `Dataset`.
    """
    try:
        if sample.mask_path is not None:
            mask = sample.read_mask()
            assert mask is not None
            misfit = _misfit(sample.mask_path, mask, picture)
            return Truth(left_out=(misfit,)) if misfit else Truth(mask)
        defects = tuple(_defect(path, saturations) for path in sample.defect_masks)
    except (DatasetError, ImageError) as error:
        return Truth(left_out=(str(error),))
    misfits = map(_misfit, sample.defect_masks, (defect.mask for defect in defects), [picture] * len(defects))
    if left_out := tuple(filter(None, misfits)):
        return Truth(left_out=left_out)
    return Truth(np.any([defect.mask for defect in defects], axis=0), defects) if defects else Truth()


def _defect(path: Path, saturations: Mapping[int, Saturation]) -> DefectRegion:
    levels = read_image(path).max(axis=2)
    mask, level = levels > 0, int(levels.max())
    if level not in saturations:
        known = ", ".join(map(str, sorted(saturations)))
        raise ImageError(
            f"{one_line(str(path))} has the level {level}, for which the data set states no saturation "
            f"(only for {known}): copy both again."
        )
    return DefectRegion(mask, saturations[level].share(int(mask.sum())))


def _misfit(path: Path, mask: NDArray[np.bool_], picture: tuple[int, int]) -> str:
    """Why a mask cannot belong to a picture; empty where it can."""
    height, width = mask.shape
    if has_shape_of((height, width), picture):
        return ""
    return (
        f"{one_line(str(path))} has {width} × {height} pixels, another shape than its picture's "
        f"{picture[1]} × {picture[0]}: draw the mask over the picture."
    )
