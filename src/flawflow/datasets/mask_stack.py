"""Masks of all frames of a video in one NumPy file."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flawflow.errors import DatasetError


def open_stack(path: Path, *, frames: int, dimensions: int) -> NDArray[np.generic]:
    """Map an array of numbers, one item a frame, from a file; nothing in it is run.

    Args:
        path: A `.npy` file.
        frames: How many items it must have.
        dimensions: 1 for a number a frame, 3 for a mask a frame.

    Raises:
        DatasetError: The file is damaged, holds something else, or does not fit the frames.
    """
    try:
        stack = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise DatasetError(f"{path} cannot be read as an array ({error}): copy it again.") from None
    if not isinstance(stack, np.ndarray) or stack.dtype.kind not in "biuf":
        raise DatasetError(f"{path} holds no array of numbers: copy it again.")
    if stack.ndim != dimensions or len(stack) != frames:
        raise DatasetError(
            f"{path} has the shape {stack.shape}, but its video has {frames} frames: copy both again."
        )
    return stack


def read_frame(path: Path, frame: int) -> NDArray[np.bool_]:
    """The mask of one frame, bool (H, W), True where the number is not 0; only that frame is read.

    Raises:
        DatasetError: The file cannot be read any more.
    """
    try:
        mask: NDArray[np.bool_] = np.load(path, mmap_mode="r", allow_pickle=False)[frame].astype(np.bool_)
    except (ValueError, EOFError, OSError, IndexError) as error:
        raise DatasetError(f"{path} cannot be read as an array ({error}): copy it again.") from None
    return mask
