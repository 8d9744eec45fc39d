"""Canaries: drawn pictures and what a model says about them, by which it proves itself wherever it runs."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

# The map is recorded at so many rows and columns.
_POINTS = 8
# A float32 has seven digits; what is compared differs in the fifth or is the same.
_DIGITS = 6


@dataclass(frozen=True)
class Canary:
    """A drawn picture, and what the model's maker measured of it.

    Attributes:
        drawing: The picture's name, of `DRAWINGS`.
        score: Its image score.
        points: Its anomaly map in the middles of 8 × 8 equal fields, row by row.
    """

    drawing: str
    score: float
    points: tuple[float, ...]

    def __post_init__(self) -> None:
        if self.drawing not in DRAWINGS:
            raise ValueError(f"drawing must be one of {', '.join(DRAWINGS)}; got {self.drawing!r:.60}")
        if len(self.points) != _POINTS**2:
            raise ValueError(f"points must be {_POINTS**2} numbers; got {len(self.points)}")

    @classmethod
    def of(cls, drawing: str, anomaly_map: NDArray[np.float32], score: float) -> Self:
        """What a model says about a drawing: its map, (H, W), and its score."""
        rows, columns = ((2 * np.arange(_POINTS) + 1) * side // (2 * _POINTS) for side in anomaly_map.shape)
        return cls(
            drawing,
            _rounded(score),
            tuple(map(_rounded, anomaly_map[np.ix_(rows, columns)].ravel().tolist())),
        )

    def difference(self, other: "Canary", *, level: float) -> float:
        """The largest difference from what `other` says, as a share of the value here or `level`, if larger.

        Args:
            other: Of the same drawing.
            level: Where verdicts fall. A drawing's largest value is far above it, and a share of that would
                hide what matters there.
        """
        here, there = (self.score, *self.points), (other.score, *other.points)
        return max(abs(a - b) / max(abs(a), level) for a, b in zip(here, there, strict=True))


def draw(drawing: str, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Draw one of `DRAWINGS`: the same bytes on every machine, since whole numbers are all that it takes.

    Args:
        drawing: The picture's name.
        size: (height, width) in pixels.

    Returns:
        uint8 (H, W, 3), RGB.
    """
    y, x, channel = np.ogrid[: size[0], : size[1], :3]
    levels = DRAWINGS[drawing](y, x, channel)
    picture: NDArray[np.uint8] = np.clip(np.broadcast_to(levels, (*size, 3)), 0, 255).astype(np.uint8)
    return picture


_Whole = NDArray[np.int64]


def _scattered(y: _Whole, x: _Whole, channel: _Whole) -> _Whole:
    """Numbers from 0 to 255 that follow no pattern, one for each place."""
    mixed = y * 73856093 ^ x * 19349663 ^ (channel + 1) * 83492791
    mixed = (mixed ^ mixed >> 15) * 739982445 & 0xFFFFFFFF
    return (mixed ^ mixed >> 13) & 0xFF


def _disc(y: _Whole, x: _Whole, _channel: _Whole) -> _Whole:
    """A grey disc, brighter towards its edge, on a bright ground, as parts lie under a camera."""
    height, width = y.size, x.size
    away, side = (2 * y - height) ** 2 + (2 * x - width) ** 2, min(height, width)
    return np.where(8 * away < 7 * side**2, 60 + 100 * away // side**2, 230)


def _squares(y: _Whole, x: _Whole, channel: _Whole) -> _Whole:
    """Coloured squares of full contrast, crossed by slanting lines."""
    side = max(1, min(y.size, x.size) // 10)
    lines = (y + 2 * x) % (3 * side) < max(1, side // 3)
    return np.where(lines, 255, _scattered(y // side, x // side, channel))


# Bright grounds and high contrast: what saturates products of 8 bits.
DRAWINGS: dict[str, Callable[[_Whole, _Whole, _Whole], _Whole]] = {"disc": _disc, "squares": _squares}


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else float(value)
