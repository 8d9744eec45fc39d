"""Harder data sets made of others: parts in arbitrary orientations, and defects that are small.

    python benchmarks/harder.py ../shared/data/mvtec/bottle --output runs/harder
    flawflow compare runs/harder/bottle_turned runs/harder/bottle_small --detectors cflow,padim,patchcore

`NAME_turned` holds all pictures and masks, each turned by any angle and moved by up to 4 % of the shorter
side, for parts before a plain background. `NAME_small` holds good training pictures alone: a quarter of
them (10 to 40) are kept from learning and are the test pictures, as they are and with one drawn defect of
each of four kinds, so that no picture of a real defect is read.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from flawflow.datasets import Dataset, open_dataset

Pixels = NDArray[np.uint8]
Field = NDArray[np.floating]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("--output", type=Path, default=Path("runs/harder"))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for folder in options.data:
        data = open_dataset(folder)
        for name, make in (("turned", write_turned), ("small", write_small)):
            target = options.output / f"{data.name}_{name}"
            if target.exists():
                raise SystemExit(f"{target} is there already; remove it or name another --output.")
            make(data, target, np.random.default_rng(options.seed))
            print(target)


def write_turned(data: Dataset, target: Path, random: np.random.Generator) -> None:
    """Write every picture and mask of a data set, turned and moved."""
    for sample in data.samples:
        picture = Image.open(sample.path).convert("RGB")
        reach = round(0.04 * min(picture.size))
        angle = float(random.uniform(0, 360))
        across, down = (int(step) for step in random.integers(-reach, reach, 2, endpoint=True))
        move = (across, down)
        kind = target / sample.split / sample.defect_type
        _save(_turned(picture, angle, move), kind / f"{sample.path.stem}.png")
        if sample.mask_path is not None:
            mask = Image.open(sample.mask_path).convert("L")
            mask = mask.rotate(angle, Image.Resampling.NEAREST, translate=move)
            _save(mask, _mask(target, sample.defect_type, sample.path))


def _turned(picture: Image.Image, angle: float, move: tuple[int, int]) -> Image.Image:
    """Turn a picture; what comes in from outside continues its edge."""
    wide, tall = picture.size
    room = max(wide, tall) // 2
    larger = Image.fromarray(np.pad(np.asarray(picture), ((room, room), (room, room), (0, 0)), "edge"))
    turned = larger.rotate(angle, Image.Resampling.BICUBIC, translate=move)
    return turned.crop((room, room, room + wide, room + tall))


@dataclass(frozen=True)
class Defect:
    """A drawn defect.

    Attributes:
        cover: How much of each pixel it covers, (H, W) in [0, 1].
        paint: What covers it, (H, W, 3) in [0, 255].
    """

    cover: Field
    paint: Field


def write_small(data: Dataset, target: Path, random: np.random.Generator) -> None:
    """Write good training pictures: to learn from, and to test as they are and with drawn defects."""
    paths = [sample.path for sample in data.train]
    random.shuffle(paths)
    kept = max(10, min(40, len(paths) // 4))
    for path in paths[kept:]:
        _save(Image.open(path).convert("RGB"), target / "train/good" / f"{path.stem}.png")
    for path in paths[:kept]:
        picture = np.asarray(Image.open(path).convert("RGB"))
        _save(Image.fromarray(picture), target / "test/good" / f"{path.stem}.png")
        for kind, draw in KINDS.items():
            defect = draw(picture, random)
            cover = defect.cover[..., None]
            drawn = np.rint(picture * (1 - cover) + defect.paint.clip(0, 255) * cover).astype(np.uint8)
            _save(Image.fromarray(drawn), target / "test" / kind / f"{path.stem}.png")
            _save(Image.fromarray(defect.cover > 0.3), _mask(target, kind, path))


def _spot(picture: Pixels, random: np.random.Generator, radii: tuple[float, float]) -> Defect:
    """The part's own texture from elsewhere, lighter or darker, in an ellipse."""
    along, across = _axes(picture, random)
    radius = random.uniform(*radii) * _pixel(picture)
    stretch = random.uniform(0.7, 1.4)
    distance = np.hypot(along / stretch, across * stretch) / radius
    shift = [int(random.integers(side // 4, 3 * side // 4)) for side in picture.shape[:2]]
    elsewhere = np.roll(picture, shift, axis=(0, 1)) + _either_way(random, 20, 60)
    return Defect(((1.2 - distance) / 0.4).clip(0, 1) * random.uniform(0.5, 0.9), elsewhere)


def _scratch(picture: Pixels, random: np.random.Generator) -> Defect:
    """A bent line, lighter or darker."""
    along, across = _axes(picture, random)
    pixel = _pixel(picture)
    length, half_width = random.uniform(15, 40) * pixel, random.uniform(0.7, 1.4) * pixel
    bent = np.abs(across + random.uniform(-0.3, 0.3) / length * along**2)
    line = ((half_width + 0.5 * pixel - bent) / pixel).clip(0, 1) * (np.abs(along) < length / 2)
    return Defect(line * random.uniform(0.4, 0.8), picture + _either_way(random, 50, 110))


def _stain(picture: Pixels, random: np.random.Generator) -> Defect:
    """A wide and faint change of colour without an edge."""
    along, across = _axes(picture, random)
    radius = random.uniform(20, 40) * _pixel(picture)
    tint = _either_way(random, 12, 25) * random.uniform(0.5, 1, 3)
    return Defect(np.exp(-(along**2 + across**2) / radius**2), picture + tint)


KINDS: dict[str, Callable[[Pixels, np.random.Generator], Defect]] = {
    "tiny spot": lambda picture, random: _spot(picture, random, (2.5, 4)),
    "small spot": lambda picture, random: _spot(picture, random, (5, 10)),
    "scratch": _scratch,
    "stain": _stain,
}


def _axes(picture: Pixels, random: np.random.Generator) -> tuple[Field, Field]:
    """How far each pixel lies from a random centre, along and across a random direction."""
    height, width = picture.shape[:2]
    rows, columns = np.mgrid[:height, :width].astype(float)
    rows, columns = rows - random.uniform(0.15, 0.85) * height, columns - random.uniform(0.15, 0.85) * width
    angle = random.uniform(0, np.pi)
    sine, cosine = np.sin(angle), np.cos(angle)
    return columns * cosine + rows * sine, rows * cosine - columns * sine


def _pixel(picture: Pixels) -> float:
    """The width in this picture of a pixel at 256 × 256."""
    return float(min(picture.shape[:2])) / 256


def _either_way(random: np.random.Generator, least: float, most: float) -> float:
    amount = float(random.uniform(least, most))
    return amount if float(random.uniform()) < 0.5 else -amount


def _mask(target: Path, kind: str, picture: Path) -> Path:
    return target / "ground_truth" / kind / f"{picture.stem}_mask.png"


def _save(picture: Image.Image, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, compress_level=1)


if __name__ == "__main__":
    main()
