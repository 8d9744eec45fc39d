"""Anomaly maps as colour: one fixed scale for all pictures of a model, so that colours can be compared."""

import functools
import textwrap
from collections.abc import Iterable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from flawflow.errors import ImageError
from flawflow.report.wording import WHOLE_IMAGE

# The ends of the colour map in OKLCH: lightness rises evenly from a dark violet to a light yellow
# while the hue turns from violet over red and orange. Lightness alone orders the colours, so the
# order also holds for colour-blind eyes and on a grey print.
_LIGHTNESS = (0.30, 0.91)
_HUE_DEGREES = (300.0, 465.0)
_CHROMA = 0.21
_STEPS = 256
_ROWS = 256

# Full heat still lets a fifth of the picture through: the part stays visible below the colour.
_FULL_ALPHA = 0.8

# Letters that can be read, and that do not grow beyond that on pictures of twenty megapixels.
_LEAST_TEXT_PIXELS, _MOST_TEXT_PIXELS = 9, 48
# Lines are filled by so much of the width: letters differ.
_LINE_SHARE = 0.92

_OKLAB_TO_LMS = np.array(
    [
        [1.0, 0.3963377774, 0.2158037573],
        [1.0, -0.1055613458, -0.0638541728],
        [1.0, -0.0894841775, -1.2914855480],
    ]
)
_LMS_TO_RGB = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)


class HasBox(Protocol):
    """What the drawing needs of a region."""

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom in pixels; right and bottom exclusive."""


def colorize(anomaly_map: NDArray[np.floating[Any]], scale: tuple[float, float]) -> NDArray[np.uint8]:
    """Colour an anomaly map.

    Args:
        anomaly_map: (H, W), finite; higher is more anomalous.
        scale: The values that show as nothing and as full colour; the same for all pictures of a
            model. Nothing is stretched to the values of this map.

    Returns:
        (H, W, 4) uint8 RGBA. Alpha is 0 at and below the scale's low end and grows with the value.
    """
    return palette(_FULL_ALPHA)[colormap_levels(anomaly_map, scale)]


def overlay(
    picture: NDArray[np.uint8],
    anomaly_map: NDArray[np.floating[Any]],
    scale: tuple[float, float],
    regions: Iterable[HasBox] = (),
    *,
    whole_image: bool | None = None,
) -> NDArray[np.uint8]:
    """Blend the heat of `anomaly_map` over `picture` and draw a box around each region.

    Args:
        picture: (H, W, 3) uint8 RGB.
        anomaly_map: (H, W) of the same size.
        scale: As for `colorize`.
        regions: What gets a box.
        whole_image: Whether it is written below that no single place explains the score.

    Returns:
        (H, W, 3) uint8 RGB; `picture` is left as it is.

    Raises:
        ImageError: The map is not of the picture's size.
    """
    if picture.shape[:2] != anomaly_map.shape:
        raise ImageError(
            f"the picture is {_size(picture.shape)} but its anomaly map is {_size(anomaly_map.shape)}: "
            "it changed while it was inspected, so inspect it again"
        )
    # Pillow blends in C and without the interpreter's lock, so the next pictures are inspected meanwhile.
    colours = palette(_FULL_ALPHA)
    levels = Image.fromarray(colormap_levels(anomaly_map, scale))
    alpha = levels.point(colours[:, 3].tolist())
    levels.putpalette(colours[:, :3].tobytes())
    image = Image.fromarray(picture)
    image.paste(levels.convert("RGB"), mask=alpha)
    _draw_boxes(image, regions)
    if whole_image:
        _write_below(image, WHOLE_IMAGE)
    return np.array(image)


def css_gradient() -> str:
    """Give the colour map from low to high as a CSS gradient, for legends."""
    colours = palette(1.0)[:: _STEPS // 15, :3].tolist()
    stops = ("#" + "".join(f"{part:02x}" for part in colour) for colour in colours)
    return f"linear-gradient(to right, {', '.join(stops)})"


def colormap_levels(anomaly_map: NDArray[np.floating[Any]], scale: tuple[float, float]) -> NDArray[np.uint8]:
    """Give the position of every value in a colormap range.

    Args:
        anomaly_map: (H, W), finite.
        scale: (low, high); see `colorize`.

    Returns:
        (H, W) uint8: 0 at and below the scale's low end, 255 at and above its high end.
    """
    low, high = scale
    if not low < high:
        raise ValueError(f"a colormap range needs low < high; got {scale}")
    levels = np.empty(anomaly_map.shape, np.uint8)
    # Some rows at a time: a map of 20 million pixels would take several times its size meanwhile.
    for start in range(0, len(levels), _ROWS):
        rows = anomaly_map[start : start + _ROWS].astype(np.float32)
        share = (rows - np.float32(low)) / np.float32(high - low)
        levels[start : start + _ROWS] = np.clip(share, 0.0, 1.0) * (_STEPS - 1) + 0.5
    return levels


@functools.cache
def palette(opacity: float) -> NDArray[np.uint8]:
    """Give the colour of every level of `colormap_levels`.

    Args:
        opacity: Of full heat, in [0, 1].

    Returns:
        (256, 4) uint8 RGBA, from nothing to full heat.
    """
    share = np.linspace(0.0, 1.0, _STEPS)
    lightness = _LIGHTNESS[0] + share * (_LIGHTNESS[1] - _LIGHTNESS[0])
    hue = np.radians(_HUE_DEGREES[0] + share * (_HUE_DEGREES[1] - _HUE_DEGREES[0]))
    # The screen shows little chroma near black and near white, hence the arch.
    chroma = _CHROMA * np.sin(np.pi * (0.2 + 0.5 * share))
    lab = np.stack([lightness, chroma * np.cos(hue), chroma * np.sin(hue)], axis=1)
    linear = np.clip((lab @ _OKLAB_TO_LMS.T) ** 3 @ _LMS_TO_RGB.T, 0.0, 1.0)
    rgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    # The square root lets weak heat be seen: dark colours at a low alpha are no more than a shadow.
    alpha = opacity * np.sqrt(share)
    table: NDArray[np.uint8] = np.rint(np.column_stack([rgb, alpha]) * 255).astype(np.uint8)
    return table


def _draw_boxes(image: Image.Image, regions: Iterable[HasBox]) -> None:
    """Draw a white box with a dark edge on both sides, so that it shows on any ground."""
    draw = ImageDraw.Draw(image)
    width = max(1, round(max(image.size) / 400))
    for left, top, right, bottom in (region.box for region in regions):
        # The box stands around the region, not on it, except where the picture ends.
        x0, y0 = max(left - 3 * width, 0), max(top - 3 * width, 0)
        x1, y1 = min(right - 1 + 3 * width, image.width - 1), min(bottom - 1 + 3 * width, image.height - 1)
        draw.rectangle((x0, y0, x1, y1), outline="#101010", width=3 * width)
        if x1 - x0 > 2 * width and y1 - y0 > 2 * width:
            draw.rectangle((x0 + width, y0 + width, x1 - width, y1 - width), outline="#ffffff", width=width)


def _write_below(image: Image.Image, sentence: str) -> None:
    """Write a sentence across the picture's lower edge, in as many lines as it needs; none where none fit."""
    size = round(min(max(min(image.size) / 22, _LEAST_TEXT_PIXELS), _MOST_TEXT_PIXELS))
    font = ImageFont.load_default(size)
    characters = int(image.width / font.getlength(sentence) * len(sentence) * _LINE_SHARE)
    text = "\n".join(textwrap.wrap(sentence, max(characters, 1)))
    draw = ImageDraw.Draw(image)
    _, _, width, height = draw.multiline_textbbox((0, 0), text, font)
    top = image.height - height - size
    if width > image.width or top < image.height / 2:
        return
    draw.rectangle((0, top, image.width, image.height), fill="#101010")
    draw.multiline_text((image.width / 2, top + size / 2), text, "#ffffff", font, "ma", align="center")


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]}×{shape[0]}"
