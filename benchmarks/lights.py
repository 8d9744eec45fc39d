"""Six lights at three strengths, drawn over pictures: what a lamp, a camera or a hall does to a good line.

Each is a function of the picture, the light and the strength alone, so that a set under a light is the same
in every run.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Pixels = NDArray[np.uint8]
Field = NDArray[np.float64]

STRENGTHS = (1, 2, 3)
"""Slight, clear to the eye, and gross."""

_SOFT_EDGE = 0.05


def lit(picture: Pixels, light: str, strength: int) -> Pixels:
    """A picture, (H, W, 3) uint8 RGB, under one of `LIGHTS` at one of `STRENGTHS`; grey ones stay grey."""
    changed = LIGHTS[light](picture, strength - 1)
    if (picture == picture[..., :1]).all():
        return np.asarray(Image.fromarray(changed).convert("L").convert("RGB"))
    return changed


def _dimmed(picture: Pixels, level: int) -> Pixels:
    """Less light, or a shorter exposure."""
    return _times(picture, np.array((0.85, 0.7, 0.5)[level]))


def _bent(picture: Pixels, level: int) -> Pixels:
    """Another curve of the camera: middle tones become darker, black and white stay."""
    curve = 255 * (np.arange(256) / 255) ** (1.15, 1.4, 1.8)[level]
    return np.rint(curve).astype(np.uint8)[picture]


def _tinted(picture: Pixels, level: int) -> Pixels:
    """A warmer lamp: more red, less blue."""
    share = (0.05, 0.12, 0.25)[level]
    return _times(picture, np.array((1 + share, 1.0, 1 - share)))


def _sided(picture: Pixels, level: int) -> Pixels:
    """A lamp to the left: the light falls off to the right."""
    across = np.linspace(0, 1, picture.shape[1])
    return _times(picture, (1 - (0.2, 0.4, 0.6)[level] * across)[None, :, None])


def _shaded(picture: Pixels, level: int) -> Pixels:
    """A shadow with a soft, slanting edge over the lower right."""
    down, across = (np.linspace(0, 1, side) for side in picture.shape[:2])
    beyond = 1 / (1 + np.exp(-(0.6 * down[:, None] + across - 1.0) / _SOFT_EDGE))
    return _times(picture, (1 - (0.15, 0.3, 0.5)[level] * beyond)[..., None])


def _blurred(picture: Pixels, level: int) -> Pixels:
    """A lens that is slightly out of focus."""
    radius = (0.5, 1.0, 1.5)[level] * min(picture.shape[:2]) / 256
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(radius)))


LIGHTS: dict[str, Callable[[Pixels, int], Pixels]] = {
    "dimmer": _dimmed,
    "gamma": _bent,
    "warmer": _tinted,
    "from one side": _sided,
    "shadow": _shaded,
    "out of focus": _blurred,
}


def _times(picture: Pixels, gain: Field) -> Pixels:
    return np.clip(np.rint(picture * gain), 0, 255).astype(np.uint8)
