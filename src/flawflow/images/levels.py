"""From stored levels to 8 bits, by a rule that depends on the format alone, never on the picture.

A stretch to each picture's own minimum and maximum would make a score depend on the brightest pixel and hide
what is too dark. Levels whose range is not that of their format, so that they would come out black, white
or negative, are refused instead of guessed at.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

# Levels below this share of their range leave fewer than sixteen of the 256 grey levels.
_MIN_RANGE_SHARE = 1 / 16


class LevelsError(Exception):
    """Levels without a meaning; the sentence goes on after the picture's name."""


def eight_bits(levels: NDArray[Any], *, bits: int) -> NDArray[np.uint8]:
    """Scale levels to 0 … 255.

    Args:
        levels: bool; uint8; uint16 or int32, whose lower bits are lost (`>> bits - 8`); or floats, which
            count on the scale 0 … 255.
        bits: How many bits whole numbers of more than eight bits really use.

    Raises:
        LevelsError: They leave their range, are not finite, or use less than a sixteenth of the range.
    """
    if levels.dtype == np.bool_:
        return np.where(levels, np.uint8(255), np.uint8(0))
    if levels.dtype == np.uint8:
        return levels.astype(np.uint8, copy=False)
    if levels.dtype.kind == "f":
        if not np.isfinite(levels).all():
            raise LevelsError("has levels that are not finite numbers: save it as 8 or 16 bits")
        _require_range(levels, 255)
        shown: NDArray[np.uint8] = np.rint(levels).astype(np.uint8)
    else:
        _require_range(levels, (1 << bits) - 1)
        shown = (levels >> (bits - 8)).astype(np.uint8)
    return shown


def require_light(levels: NDArray[np.uint8]) -> None:
    """Refuse colours that were reduced from 16 to 8 bits before anyone could look at their range.

    Raises:
        LevelsError: They use less than a sixteenth of the range.
    """
    if levels.max() < 256 * _MIN_RANGE_SHARE:
        raise LevelsError(_dark(f"below {65536 * _MIN_RANGE_SHARE:,.0f}", 65535))


def _require_range(levels: NDArray[Any], top: int) -> None:
    low, high = levels.min(), levels.max()
    # A float may be off by what rounding to whole levels takes away.
    if low <= -0.5 or high >= top + 0.5:
        raise LevelsError(
            f"has levels from {low:,g} to {high:,g}, which leave the range 0 … {top:,} of its kind: save it "
            "as 8 or 16 bits"
        )
    if 0 < high < (top + 1) * _MIN_RANGE_SHARE:
        raise LevelsError(_dark(f"at {high:,g}", top))


def _dark(where: str, top: int) -> str:
    return (
        f"has levels that end {where} of {top:,} and would be read as nearly black: scale them to the whole "
        "range, as by having the camera write its bits to the upper end, or save it as 8 bits"
    )
