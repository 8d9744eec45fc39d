"""Drawn parts with drawn defects: pictures for tests and documentation that nobody else owns.

A part is a machined gear wheel on a plain ground. Good ones differ in position, turn, light and
grain as parts under a camera do; a defect changes one place of a part, and its mask says where.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

# Everything is drawn this many times larger and then reduced, which smooths the edges.
_FINER = 3
_TEETH = 16
_PITCH = 2 * np.pi / _TEETH
_HOLES = 6


@dataclass(frozen=True)
class _Part:
    """Where a gear lies, in pixels of the finer canvas, and how it is lit (1 is the middle)."""

    side: int
    centre: tuple[float, float]
    radius: float
    turn: float
    light: float
    missing_tooth: int | None = None

    def at(self, radius: float, angle: float) -> tuple[float, float]:
        """Give the point at a share of the gear's radius and an angle in radians."""
        x, y = self.centre
        reach = radius * self.radius
        return x + reach * float(np.cos(angle + self.turn)), y + reach * float(np.sin(angle + self.turn))


_Layer = Image.Image
_Defect = Callable[[_Part, _Layer, _Layer, np.random.Generator], None]


def draw_parts(folder: Path, *, train: int = 40, test: int = 10, seed: int = 0, size: int = 256) -> None:
    """Draw a data set of gears in the layout of MVTec AD.

    Writes `train/good`, `test/good`, `test/TYPE` and `ground_truth/TYPE/*_mask.png` for each type
    of `DEFECTS`. The same arguments draw the same pixels.

    Args:
        folder: Where the tree begins; created when it is missing.
        train: Number of good pictures to learn from.
        test: Number of test pictures, for good ones and for each type of defect.
        seed: Seed of everything that varies.
        size: Height and width in pixels.
    """
    seeds = iter(np.random.SeedSequence(seed).spawn(train + test * (1 + len(DEFECTS))))
    for split, count in (("train", train), ("test", test)):
        for index in range(count):
            picture, _ = draw_part(None, rng=np.random.default_rng(next(seeds)), size=size)
            _save(picture, folder / split / "good" / f"{index:03d}.png")
    for defect in DEFECTS:
        for index in range(test):
            picture, mask = draw_part(defect, rng=np.random.default_rng(next(seeds)), size=size)
            _save(picture, folder / "test" / defect / f"{index:03d}.png")
            _save(mask.astype(np.uint8) * 255, folder / "ground_truth" / defect / f"{index:03d}_mask.png")


def draw_part(
    defect: str | None, *, rng: np.random.Generator, size: int = 256
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Draw one gear.

    Args:
        defect: A name of `DEFECTS`, or None for a good part.
        rng: What varies is drawn from here.
        size: Height and width in pixels.

    Returns:
        The picture, (size, size, 3) uint8 RGB, and its mask, (size, size), True where the defect is.
    """
    side = size * _FINER
    part = _Part(
        side=side,
        centre=(side * (0.5 + rng.uniform(-0.012, 0.012)), side * (0.5 + rng.uniform(-0.012, 0.012))),
        radius=side * 0.42 * rng.uniform(0.99, 1.01),
        turn=rng.uniform(-0.04, 0.04),
        light=rng.uniform(0.93, 1.05),
    )
    body = _draw_body(part)
    mask = Image.new("L", body.size)
    if defect is not None:
        DEFECTS[defect](part, body, mask, rng)
    # The holes come last: no metal, no defect.
    _bore(part, body, mask)
    return _expose(part, body, rng, size), np.asarray(mask.resize((size, size), Image.Resampling.BOX)) > 96


def _draw_body(part: _Part) -> _Layer:
    """Draw the gear's metal, evenly lit, on its ground."""
    layer = Image.new("RGB", (part.side, part.side), "#3d4650")
    draw = ImageDraw.Draw(layer)
    soft = Image.new("L", layer.size)
    shadow = [(x + part.side * 0.012, y + part.side * 0.018) for x, y in _outline(part)]
    ImageDraw.Draw(soft).polygon(shadow, fill=150)
    layer.paste("#1d2329", mask=soft.filter(ImageFilter.GaussianBlur(part.side * 0.012)))
    draw.polygon(_outline(part), fill="#b9b6ac")
    _disc(draw, part, (0.0, 0.0, 0.80), "#8f8d86")
    _disc(draw, part, (0.0, 0.0, 0.775), "#c6c3b9")
    _disc(draw, part, (0.0, 0.0, 0.30), "#94928a")
    _disc(draw, part, (0.0, 0.0, 0.28), "#d2cfc4")
    return layer


def _bore(part: _Part, body: _Layer, mask: _Layer) -> None:
    """Draw the holes, each with its chamfer, and take them out of the mask."""
    draw, draw_mask = ImageDraw.Draw(body), ImageDraw.Draw(mask)
    holes = [(0.54, 2 * np.pi * hole / _HOLES, 0.108) for hole in range(_HOLES)]
    for away, angle, radius in (*holes, (0.0, 0.0, 0.155)):
        _disc(draw, part, (away, angle, radius + 0.016), "#82807a")
        _disc(draw, part, (away, angle, radius), "#2b323a")
        _disc(draw_mask, part, (away, angle, radius + 0.016), 0)


def _outline(part: _Part) -> list[tuple[float, float]]:
    """Give the gear's rim: for each tooth two corners at its foot and two at its head."""
    teeth = [_tooth(part, tooth) for tooth in range(_TEETH)]
    if part.missing_tooth is not None:
        whole = teeth[part.missing_tooth]
        teeth[part.missing_tooth] = [whole[0], part.at(0.91, _PITCH * (part.missing_tooth + 0.08)), whole[-1]]
    return [corner for tooth in teeth for corner in tooth]


def _tooth(part: _Part, index: int) -> list[tuple[float, float]]:
    corners = ((-0.30, 0.88), (-0.17, 1.0), (0.17, 1.0), (0.30, 0.88))
    return [part.at(radius, (index + share) * _PITCH) for share, radius in corners]


def _disc(draw: ImageDraw.ImageDraw, part: _Part, disc: tuple[float, float, float], fill: str | int) -> None:
    away, angle, radius = disc
    x, y = part.at(away, angle)
    reach = radius * part.radius
    draw.ellipse((x - reach, y - reach, x + reach, y + reach), fill=fill)


def _expose(part: _Part, body: _Layer, rng: np.random.Generator, size: int) -> NDArray[np.uint8]:
    """Reduce the canvas and give it uneven light, a turned surface and the camera's grain."""
    pixels = np.asarray(body.resize((size, size), Image.Resampling.LANCZOS), dtype=np.float32)
    y, x = np.mgrid[:size, :size].astype(np.float32) / size - 0.5
    lamp = rng.uniform(-0.05, 0.05, 2)
    light = part.light * (1.06 - 0.35 * ((x + 0.18 - lamp[0]) ** 2 + (y + 0.22 - lamp[1]) ** 2))
    centre = np.array(part.centre) / part.side - 0.5
    radius = np.hypot(x - centre[0], y - centre[1]) * part.side / part.radius
    # Rings of the lathe: faint, on metal only.
    rings = 1 + 0.018 * np.sin(radius * 260) * (radius < 0.86)
    grain = rng.normal(0, 2.2, (size, size, 1))
    exposed = pixels * (light * rings)[..., None] + grain
    picture: NDArray[np.uint8] = np.rint(np.clip(exposed, 0, 255)).astype(np.uint8)
    return picture


def _scratch(part: _Part, body: _Layer, mask: _Layer, rng: np.random.Generator) -> None:
    """A bright line with a dark edge across the face."""
    middle = 2 * np.pi * (rng.integers(_HOLES) + 0.5) / _HOLES
    bend, length = rng.uniform(-0.6, 0.6), rng.uniform(0.25, 0.38)
    shares = np.linspace(-0.5, 0.5, 12)
    path = [part.at(0.54 + length * s, middle + bend * s + 0.03 * np.sin(9 * s)) for s in shares]
    width = max(2, round(part.side * 0.006))
    draw = ImageDraw.Draw(body)
    draw.line([(x + width, y + width) for x, y in path], fill="#6b675f", width=width, joint="curve")
    draw.line(path, fill="#f4f1e6", width=width, joint="curve")
    ImageDraw.Draw(mask).line(path, fill=255, width=4 * width, joint="curve")


def _dent(part: _Part, body: _Layer, mask: _Layer, rng: np.random.Generator) -> None:
    """A shallow hollow: dark towards the lamp, light on the far side."""
    # Between two holes, where the face is plain.
    angle = 2 * np.pi * (rng.integers(_HOLES) + 0.5) / _HOLES
    x, y = part.at(rng.uniform(0.45, 0.62), angle)
    reach = part.side * rng.uniform(0.020, 0.030)
    for offset, colour in ((-0.35, "#77746c"), (0.35, "#ece9de")):
        soft = Image.new("L", body.size)
        moved = (x - reach + offset * reach, y - reach + offset * reach)
        ImageDraw.Draw(soft).ellipse((*moved, moved[0] + 2 * reach, moved[1] + 2 * reach), fill=235)
        body.paste(colour, mask=soft.filter(ImageFilter.GaussianBlur(reach * 0.3)))
    grown = 1.35 * reach
    ImageDraw.Draw(mask).ellipse((x - grown, y - grown, x + grown, y + grown), fill=255)


def _missing_tooth(part: _Part, body: _Layer, mask: _Layer, rng: np.random.Generator) -> None:
    """A tooth broken off at its foot."""
    tooth = int(rng.integers(_TEETH))
    body.paste(_draw_body(replace(part, missing_tooth=tooth)))
    ImageDraw.Draw(mask).polygon(_tooth(part, tooth), fill=255)


def _stain(part: _Part, body: _Layer, mask: _Layer, rng: np.random.Generator) -> None:
    """A brown spot of uneven shape, half seen through."""
    x, y = part.at(rng.uniform(0.35, 0.65), rng.uniform(0, 2 * np.pi))
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    reach = part.side * rng.uniform(0.04, 0.06)
    waves = 0.22 * np.sin(2 * angles + rng.uniform(0, 6)) + 0.12 * np.sin(3 * angles + rng.uniform(0, 6))
    radii = reach * (1 + waves)
    shape = [(x + r * float(np.cos(a)), y + r * float(np.sin(a))) for a, r in zip(angles, radii, strict=True)]
    soft = Image.new("L", body.size)
    ImageDraw.Draw(soft).polygon(shape, fill=150)
    body.paste("#6e4a22", mask=soft.filter(ImageFilter.GaussianBlur(part.side * 0.005)))
    ImageDraw.Draw(mask).polygon(shape, fill=255)


def _save(pixels: NDArray[np.uint8], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


DEFECTS: dict[str, _Defect] = {
    "dent": _dent,
    "missing_tooth": _missing_tooth,
    "scratch": _scratch,
    "stain": _stain,
}
