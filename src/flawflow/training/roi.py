"""Where to look: masks of a region of interest and of places to ignore, from files to feature maps."""

import contextlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from flawflow.decision.roi import decode_run_lengths
from flawflow.errors import DatasetError, ImageError, TrainingError
from flawflow.images import has_shape_of, read_image, read_mask, resize_mask
from flawflow.model_file import read_model
from flawflow.video.names import is_video_name

_POSITIONS_AT_ONCE = 1024


def read_roi_mask(
    roi: Path | None, ignore: Path | None, size: tuple[int, int], picture: tuple[int, int]
) -> NDArray[np.bool_] | None:
    """Read which pixels count.

    Args:
        roi: A mask of what counts, not zero where it does, or a model file, whose mask is taken; None for
            everything.
        ignore: Likewise of what does not count; None for nothing.
        size: (H, W) of the model's input.
        picture: (H, W) of the training pictures, whose shape the masks must have.

    Returns:
        bool of shape `size`, or None where neither mask is given.

    Raises:
        ImageError: A mask cannot be read.
        ModelFileError: A model file cannot.
        TrainingError: A mask is of another shape than the pictures, or nothing is left to look at.
    """
    if roi is None and ignore is None:
        return None
    counts = np.ones(size, np.bool_)
    for path, keeps in ((roi, True), (ignore, False)):
        if path is not None:
            counts &= resize_mask(_read(path, picture), size) == keeps
    if not counts.any():
        names = " and ".join(str(path) for path in (roi, ignore) if path is not None)
        raise TrainingError(
            f"{names} leave nothing to inspect: --roi keeps what is not black in its mask, --ignore excludes "
            "it."
        )
    return counts


def first_image_shape(paths: Sequence[Path]) -> tuple[int, int]:
    """(H, W) of the first picture, or of the first video's frames, that can be read.

    Raises:
        DatasetError: None can be read.
    """
    for path in paths:
        with contextlib.suppress(ImageError):
            picture = _first_frame(path) if is_video_name(path) else read_image(path)
            return picture.shape[0], picture.shape[1]
    raise DatasetError("None of the good pictures could be read; name a folder of pictures.")


def _first_frame(path: Path) -> NDArray[np.uint8]:
    from flawflow.video.read import open_video

    with open_video(path) as video:
        return next(iter(video.frames())).picture


def roi_cells(roi_mask: Tensor, grid: tuple[int, int]) -> Tensor:
    """The positions of a feature map that see a pixel that counts: bool of shape `grid`.

    Args:
        roi_mask: (H, W) bool.
        grid: (H_k, W_k), which divides (H, W).
    """
    return F.adaptive_max_pool2d(roi_mask[None].float(), grid)[0] > 0


def nearest_inside(inside: Tensor) -> Tensor:
    """For each position of a grid, (H, W) bool, the index of the nearest one that is inside, (H·W,) int64."""
    places = torch.nonzero(torch.ones_like(inside)).float()
    indices = torch.nonzero(inside.flatten())[:, 0]
    found = [
        torch.cdist(part, places[indices]).argmin(dim=1) for part in torch.split(places, _POSITIONS_AT_ONCE)
    ]
    return indices[torch.cat(found)]


def _read(path: Path, picture: tuple[int, int]) -> NDArray[np.bool_]:
    if path.suffix == ".flaw":
        # At the size of that model's input, of whatever shape the pictures were.
        card = read_model(path).card
        return decode_run_lengths(card.roi_run_lengths, card.size)
    mask = read_mask(path)
    _check_shape(path, (mask.shape[0], mask.shape[1]), picture)
    return mask


def _check_shape(path: Path, mask: tuple[int, int], picture: tuple[int, int]) -> None:
    if not has_shape_of(mask, picture):
        raise TrainingError(
            f"{path} has {mask[1]} × {mask[0]} pixels, another shape than the pictures' {picture[1]} × "
            f"{picture[0]}: draw the mask over one of the pictures."
        )
