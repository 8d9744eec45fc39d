"""Pixel scores counted in fixed levels: any number of pixels in a fixed memory, added up and kept on disk."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flawflow.errors import MetricError
from flawflow.metrics import curve
from flawflow.metrics.shares import shares_of
from flawflow.storage.files import whole_file

# Of a float32's 32 bits the upper 20 stay: sign, exponent and 11 bits of the fraction.
_DROPPED_BITS = 12
_LEVELS = 1 << (32 - _DROPPED_BITS)
_SIGN = np.uint32(0x80000000)


class PixelCounts:
    """The area of good and of defect pixels at each score, as `PixelMeasures` lays masks over maps.

    A level holds the scores that share the upper 20 bits of their float32 form: scores within one level lie
    less than 0.05 % apart, and count as equal. `PixelMeasures` is exact, and gives AUPRO, where it fits.
    """

    def __init__(self) -> None:
        self._good = np.zeros(_LEVELS)
        self._defect = np.zeros(_LEVELS)

    def add(self, anomaly_map: NDArray[np.float32], mask: NDArray[np.bool_] | None = None) -> None:
        """Count the pixels of one picture.

        Args:
            anomaly_map: (H, W) float32, finite; higher is more anomalous.
            mask: (H', W') bool, True on defects, of any size; None where every pixel is good.

        Raises:
            MetricError: A value is not finite.
        """
        if not np.isfinite(anomaly_map).all():
            raise MetricError("An anomaly map holds a value that is not finite; find its picture first.")
        levels = ordered_levels(anomaly_map, _DROPPED_BITS).ravel()
        if mask is None or not mask.any():
            np.add.at(self._good, levels, 1)
            return
        shares = shares_of(mask, anomaly_map.shape)
        np.add.at(self._good, levels, shares.good)
        np.add.at(self._defect, levels[shares.cells], shares.areas)

    def __add__(self, other: "PixelCounts") -> "PixelCounts":
        """Both together."""
        both = PixelCounts()
        both._good = self._good + other._good
        both._defect = self._defect + other._defect
        return both

    def auroc(self) -> tuple[float, float]:
        """Pixel AUROC in [0, 1], and how far it can be from exact.

        Raises:
            MetricError: There is no defect pixel or no good one.
        """
        total = float(self._good.sum())
        levels = np.flatnonzero(self._defect)[::-1]
        if total == 0 or len(levels) == 0:
            missing = "good" if total == 0 else "defect"
            raise MetricError(
                f"There is no {missing} pixel to measure with; give masks that have both kinds."
            )
        hits = self._defect[levels]
        at_least = total - np.concatenate([[0], np.cumsum(self._good)])[levels]
        above = at_least - self._good[levels]
        steps = curve.Steps(hits / hits.sum(), above / total, at_least / total)
        return steps.area(), steps.area_error()

    def save(self, path: Path) -> None:
        """Keep the counts in a file, whole or not at all."""
        used = np.flatnonzero((self._good > 0) | (self._defect > 0))
        with whole_file(path) as scratch, scratch.open("wb") as file:
            np.savez(file, levels=used, good=self._good[used], defect=self._defect[used])

    @classmethod
    def load(cls, path: Path) -> "PixelCounts":
        """Read what `save` kept.

        Raises:
            MetricError: The file is damaged.
        """
        counts = cls()
        try:
            with np.load(path, allow_pickle=False) as kept:
                counts._good[kept["levels"]] = kept["good"]
                counts._defect[kept["levels"]] = kept["defect"]
        except Exception as error:  # zipfile and numpy raise what they like about damaged bytes
            raise MetricError(f"{path} is damaged ({type(error).__name__}): remove it.") from None
        return counts


def ordered_levels(scores: NDArray[np.float32], dropped_bits: int) -> NDArray[np.uint32]:
    """The level of each score: scores that share their upper bits. Levels are ordered as the scores are."""
    # Adding zero makes the negative zero, which has a level of its own, a positive one.
    bits = np.ascontiguousarray(scores + np.float32(0), np.float32).view(np.uint32)
    # Negative floats rise with falling bits, and all of them lie below the positive ones.
    ordered = np.where(bits & _SIGN, ~bits, bits | _SIGN)
    levels: NDArray[np.uint32] = ordered >> np.uint32(dropped_bits)
    return levels
