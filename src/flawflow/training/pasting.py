"""Defects of nobody: pieces of a picture pasted elsewhere in it, as CutPaste makes them.

Pictures are (H, W, 3) uint8, RGB. What is random comes from a generator, as in `augment`.
"""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from flawflow.training.augment import relight

Picture = NDArray[np.uint8]
Mask = NDArray[np.bool_]

# The paper's: share of the picture's area and aspect of a patch; a scar's width and length are given for
# pictures of 256 pixels.
_AREA = (0.02, 0.15)
_ASPECT = 3.3
_SCAR_WIDTH, _SCAR_LENGTH = (2 / 256, 16 / 256), (10 / 256, 25 / 256)
_SCAR_DEGREES = 45.0
_LIGHT = 0.1


def cut_paste(picture: Picture, generator: np.random.Generator) -> tuple[Picture, Mask]:
    """Paste a piece of the picture, of other light, somewhere else; gives the picture and where, (H, W)."""
    height, width = picture.shape[:2]
    area = generator.uniform(*_AREA) * height * width
    aspect = math.exp(generator.uniform(-1, 1) * math.log(_ASPECT))
    size = (_within(math.sqrt(area * aspect), height), _within(math.sqrt(area / aspect), width))
    return _pasted(picture, size, 0.0, generator)


def scar(picture: Picture, generator: np.random.Generator) -> tuple[Picture, Mask]:
    """Paste a thin piece of the picture, turned, of other light; gives the picture and where, (H, W)."""
    height, width = picture.shape[:2]
    size = (
        _within(generator.uniform(*_SCAR_LENGTH) * height, height),
        _within(generator.uniform(*_SCAR_WIDTH) * width, width),
    )
    return _pasted(picture, size, generator.uniform(-_SCAR_DEGREES, _SCAR_DEGREES), generator)


def _within(length: float, most: int) -> int:
    return min(max(1, round(length)), most)


def _pasted(
    picture: Picture, size: tuple[int, int], degrees: float, generator: np.random.Generator
) -> tuple[Picture, Mask]:
    top, left = _corner(picture, size, generator)
    piece = relight(
        picture[top : top + size[0], left : left + size[1]],
        contrast=1 + generator.uniform(-_LIGHT, _LIGHT),
        brightness=1 + generator.uniform(-_LIGHT, _LIGHT),
    )
    shown = Image.fromarray(piece).rotate(degrees, expand=True)
    shape = Image.fromarray(np.full(size, 255, np.uint8)).rotate(degrees, expand=True)
    box = shown.crop((0, 0, min(shown.width, picture.shape[1]), min(shown.height, picture.shape[0])))
    shape = shape.crop((0, 0, *box.size))
    top, left = _corner(picture, (box.height, box.width), generator)
    canvas, where = Image.fromarray(picture), Image.new("L", picture.shape[1::-1])
    canvas.paste(box, (left, top), shape)
    where.paste(shape, (left, top))
    return np.array(canvas), np.array(where) > 0


def _corner(picture: Picture, size: tuple[int, int], generator: np.random.Generator) -> tuple[int, int]:
    top = int(generator.integers(picture.shape[0] - size[0] + 1))
    return top, int(generator.integers(picture.shape[1] - size[1] + 1))
