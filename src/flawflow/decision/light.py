"""What a model knows of the light that its training pictures were taken in."""

import base64
import binascii
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

CELLS = 32
"""Cells along each side of a picture whose mean levels are kept."""

QUANTILES = np.linspace(0.005, 0.995, 100)
"""The shares of pixels whose levels are kept."""

_KEPT = np.dtype("<f2")


@dataclass(frozen=True)
class LightReference:
    """Levels of good training pictures at the model's size, by channel: red, green, blue.

    Numbers are kept as base64 of little-endian float16: they are many, and nobody reads them one by one.

    Attributes:
        picture_count: Pictures that were measured.
        cell_means: Mean level, in [0, 255], of each of `CELLS` × `CELLS` equal cells, row by row.
        quantiles: The level, in [0, 255], that each share of `QUANTILES` of the pixels does not exceed.
    """

    picture_count: int
    cell_means: str
    quantiles: str

    def __post_init__(self) -> None:
        if self.picture_count < 1:
            raise ValueError(f"picture_count must be positive; got {self.picture_count}")
        for name, size in (("cell_means", 3 * CELLS**2), ("quantiles", 3 * len(QUANTILES))):
            try:
                values = _unpacked(getattr(self, name))
            except (ValueError, binascii.Error):
                raise ValueError(f"{name} must be base64 of float16 numbers") from None
            if len(values) != size or not ((values >= 0) & (values <= 255)).all():
                raise ValueError(f"{name} must be {size} numbers from 0 to 255")

    @classmethod
    def of(cls, picture_count: int, cell_means: NDArray[np.float64], quantiles: NDArray[np.float64]) -> Self:
        """Make a reference of levels: (CELLS, CELLS, 3) of the cells, and (len(QUANTILES), 3)."""
        return cls(picture_count, _packed(cell_means), _packed(quantiles))

    def cells(self) -> NDArray[np.float64]:
        """`cell_means` as (CELLS, CELLS, 3)."""
        return _unpacked(self.cell_means).reshape(CELLS, CELLS, 3)

    def levels(self) -> NDArray[np.float64]:
        """`quantiles` as (len(QUANTILES), 3)."""
        return _unpacked(self.quantiles).reshape(-1, 3)


@dataclass(frozen=True)
class Adaptation:
    """How a model was brought to another light.

    Attributes:
        model_sha256: Hex digest of the model file that it was made from.
        fitted_by: Good pictures under the new light that the correction was fitted by.
        calibrated_by: Further ones, which alone the promise rests on.
    """

    model_sha256: str
    fitted_by: int
    calibrated_by: int

    def __post_init__(self) -> None:
        if len(self.model_sha256) != 64 or set(self.model_sha256) - set("0123456789abcdef"):
            raise ValueError(f"model_sha256 must be 64 hex digits; got {self.model_sha256!r:.80}")
        if self.fitted_by < 1 or self.calibrated_by < 1:
            raise ValueError(f"an adaptation takes pictures; got {self.fitted_by} and {self.calibrated_by}")


def _packed(values: NDArray[np.float64]) -> str:
    return base64.b64encode(values.astype(_KEPT).tobytes()).decode()


def _unpacked(text: str) -> NDArray[np.float64]:
    return np.frombuffer(base64.b64decode(text, validate=True), _KEPT).astype(np.float64)
