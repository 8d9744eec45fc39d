"""Small changes that a good part may show: each a plain function on one picture.

Pictures are (H, W, 3) uint8, RGB, and keep their shape. What is random comes from a generator that
the caller derives from (seed, picture, view), so that a view is the same in every run, whatever the
order or the number of threads.
"""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from flawflow.recipe.augmentation import Augmentation, Edge

ViewImage = NDArray[np.uint8]


def rotate(picture: ViewImage, degrees: float, *, edge: Edge = "reflect") -> ViewImage:
    """Rotate counter-clockwise about the centre.

    Args:
        picture: (H, W, 3) uint8.
        degrees: The angle.
        edge: What appears in the corners. "reflect" continues the picture by reflection and
            interpolates bilinearly. "black" fills with zeros and takes the nearest pixel, as the
            reference does.
    """
    if edge == "black":
        turned = Image.fromarray(picture).rotate(degrees, resample=Image.Resampling.NEAREST)
        return np.array(turned)
    height, width = picture.shape[:2]
    sine = abs(math.sin(math.radians(degrees)))
    # The turned corners reach at most this far beyond the edge; one more for the interpolation.
    margin = 1 + math.ceil(sine * max(height, width) / 2)
    padded = _reflected(picture, margin, margin)
    turned = Image.fromarray(padded).rotate(degrees, resample=Image.Resampling.BILINEAR)
    return np.array(turned)[margin : margin + height, margin : margin + width]


def flip(picture: ViewImage, quarters: int, *, mirrored: bool) -> ViewImage:
    """Turn by quarters counter-clockwise, by twice as many where the picture is not square; then mirror."""
    square = picture.shape[0] == picture.shape[1]
    turned = np.rot90(picture, quarters if square else 2 * quarters)
    return np.ascontiguousarray(turned[:, ::-1] if mirrored else turned)


def shift(picture: ViewImage, right: int, down: int) -> ViewImage:
    """Move the picture's content by whole pixels; what enters at the edge is its reflection."""
    height, width = picture.shape[:2]
    padded = _reflected(picture, abs(down), abs(right))
    top, left = abs(down) - down, abs(right) - right
    return padded[top : top + height, left : left + width].copy()


def relight(picture: ViewImage, *, contrast: float = 1.0, brightness: float = 1.0) -> ViewImage:
    """Stretch the picture's values about their mean by `contrast`, then multiply by `brightness`."""
    values = picture.astype(np.float32)
    mean = values.mean()
    changed = ((values - mean) * contrast + mean) * brightness
    result: ViewImage = np.clip(np.rint(changed), 0, 255).astype(np.uint8)
    return result


def under_drawn_light(picture: ViewImage, amount: float, generator: np.random.Generator) -> ViewImage:
    """A picture under another light: exposure, a fall of light, gamma, colour and focus, each either way.

    Args:
        picture: (H, W, 3) uint8.
        amount: As `light` of an `Augmentation`.
        generator: Draws eight numbers.
    """
    exposure, fall, gamma, blur, red, green, blue = (amount * generator.uniform(-1, 1, size=7)).tolist()
    if (picture == picture[..., :1]).all():
        # A camera without colours sees none in any light.
        red = green = blue = 0.0
    angle = generator.uniform(0, 2 * math.pi)
    down, across = (np.linspace(-1, 1, side) for side in picture.shape[:2])
    slope = math.sin(angle) * down[:, None] + math.cos(angle) * across
    gain = np.exp(0.5 * exposure + 0.4 * fall * slope)[..., None] * np.exp(
        0.12 * np.array([red, green, blue])
    )
    curve = 255 * (np.arange(256) / 255) ** math.exp(0.4 * gamma)
    lit = Image.fromarray(np.clip(np.rint(curve[picture] * gain), 0, 255).astype(np.uint8))
    radius = 1.2 * abs(blur) * min(picture.shape[:2]) / 256
    return np.array(lit.filter(ImageFilter.GaussianBlur(radius)))


def random_view(picture: ViewImage, augmentation: Augmentation, generator: np.random.Generator) -> ViewImage:
    """One random view of a picture."""
    # All numbers are drawn, used or not, so that one bound does not change what another draws.
    turn, right, down, light, stretch = generator.uniform(-1, 1, size=5)
    height, width = picture.shape[:2]
    if augmentation.flips:
        picture = flip(picture, int(generator.integers(4)), mirrored=bool(generator.integers(2)))
    if augmentation.degrees:
        picture = rotate(picture, turn * augmentation.degrees, edge=augmentation.edge)
    if augmentation.shift:
        picture = shift(
            picture, round(right * augmentation.shift * width), round(down * augmentation.shift * height)
        )
    if augmentation.brightness or augmentation.contrast:
        picture = relight(
            picture,
            contrast=1 + stretch * augmentation.contrast,
            brightness=1 + light * augmentation.brightness,
        )
    if augmentation.light:
        picture = under_drawn_light(picture, augmentation.light, generator)
    return picture


def view_generator(seed: int, picture: int, view: int) -> np.random.Generator:
    """The generator of one view: a function of the three numbers and nothing else."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, picture, view))))


def _reflected(picture: ViewImage, rows: int, columns: int) -> ViewImage:
    return np.pad(picture, ((rows, rows), (columns, columns), (0, 0)), mode="reflect")
