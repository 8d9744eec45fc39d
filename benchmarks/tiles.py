"""Small defects in large pictures: tiles beside the whole picture and beside simply enlarging it.

    python benchmarks/tiles.py DATA/mvtec/screw:1 DATA/mvtec/screw:4 DATA/mvtec/bottle:4 --preset fast

SET:K is composed of K × K pictures of SET, 1024 pixels a side, so that for K = 4 a defect fills a sixteenth
of the area that it had; SET:1 is the set itself. Every defective test picture is in one composition, among
good ones, and compositions of good ones alone are tested as they are and with a defect drawn into one cell
(`harder.py`). Good training pictures come again in other compositions: nothing is said of false rejects.

Three models are trained on each: of the whole picture, of the picture enlarged to its own size, and with
tiles, which is measured with all of them and with the doubtful ones. Milliseconds are of the processor, all
cores together, decoding left out; no defect has a part in anything but the measures. A model that is there
already is not trained again.
"""

import argparse
import functools
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from common import in_percent, machine, scored_image, table, write_report
from flawflow.datasets import Dataset, open_dataset
from flawflow.images import read_image, read_mask, resize_image, resize_mask
from flawflow.inspection import Inspector
from flawflow.inspection.tiled import chosen_tiles
from flawflow.metrics import ScoredImage, evaluate_maps
from flawflow.model_file import ModelFile, read_model
from flawflow.model_file.graph_outputs import WHOLE, with_outputs
from flawflow.recipe import Recipe
from flawflow.recipe.text import setting
from flawflow.training.train import train
from harder import KINDS

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

_SIDE = 1024
_TRAIN, _GOOD = 96, 40
_DRAWN = ("tiny spot", "small spot", "scratch")
# What defects of all kinds are called together.
_ANY = "all kinds"
_HEADINGS = ("set", "defects", "model", "image AUROC", "pixel AUROC", "AUPRO", "CPU ms", "tiles")


@dataclass(frozen=True, eq=False)
class Measured:
    """What a model says about the test pictures, and what that takes."""

    maps: list[NDArray[np.float32]]
    scores: list[float]
    milliseconds: float
    tiles: float


def main() -> None:
    options = _options()
    rows: list[tuple[object, ...]] = []
    for name in options.data:
        folder, _, across = name.rpartition(":")
        data = _composed(open_dataset(Path(folder)), int(across), options.output)
        data = _thinned(data, options.every)
        for how, model in _models(data, options).items():
            measured = _measure(model, data)
            for defects in dict.fromkeys(sample.defect_type for sample in data.test if sample.is_defective):
                if int(across) > 1 or defects == _ANY:
                    rows.append((data.name, defects, how, *_row(data, measured, defects)))
                    print(*rows[-1], flush=True)
    report = {
        **machine(("torch", "onnxruntime", "numpy")),
        "preset": options.preset,
        "rows": [dict(zip(_HEADINGS, row, strict=True)) for row in rows],
    }
    write_report(options.output, report, table(_HEADINGS, rows))


def _models(data: Dataset, options: argparse.Namespace) -> dict[str, ModelFile]:
    recipe = functools.reduce(setting, options.set, Recipe.of(options.preset))
    picture = read_image(data.test[0].path)
    own = recipe.replace(size=(picture.shape[0], picture.shape[1]))
    tiles = _model(data, recipe.replace(tiles="doubtful"), f"tiles{options.name}", options)
    assert tiles.card.tiles is not None
    every = replace(tiles.card, tiles=replace(tiles.card.tiles, mode="all"))
    models = {"whole and all tiles": replace(tiles, card=every), "whole and doubtful tiles": tiles}
    if "whole" in options.models:
        models["whole"] = _model(data, recipe, "whole", options)
    if "enlarged" in options.models:
        models["enlarged"] = _model(data, own, "enlarged", options)
    return models


def _model(data: Dataset, recipe: Recipe, name: str, options: argparse.Namespace) -> ModelFile:
    path = options.output / f"{data.name}-{options.preset}-{name}.flaw"
    if not path.exists():
        started = time.perf_counter()
        train(data, path, recipe)
        print(f"{path.name}: trained in {time.perf_counter() - started:.0f} s", flush=True)
    return read_model(path)


def _measure(model: ModelFile, data: Dataset) -> Measured:
    inspector, tile_count = Inspector.of(model, threads=1), _tile_count(model)
    maps, scores, tiles, spent = [], [], [], 0.0
    for sample in data.test:
        picture = read_image(sample.path)
        started = time.process_time()
        anomaly_map, score = inspector.measure(picture)
        spent += time.process_time() - started
        maps.append(anomaly_map)
        scores.append(score)
        tiles.append(tile_count(picture))
    return Measured(maps, scores, 1000 * spent / len(scores), float(np.mean(tiles)))


def _tile_count(model: ModelFile) -> Callable[[Pixels], int]:
    """How many tiles a picture takes."""
    card = model.card.tiles
    if card is None:
        return lambda _: 0
    bare = replace(model, graph=with_outputs(model.graph, WHOLE), card=replace(model.card, tiles=None))
    whole = Inspector.of(bare, threads=1)
    return lambda picture: len(chosen_tiles(card, whole.measure(picture)[0], whole.roi_mask))


def _row(data: Dataset, measured: Measured, defects: str) -> tuple[str, ...]:
    def scored() -> Iterator[ScoredImage]:
        for sample, anomaly_map, score in zip(data.test, measured.maps, measured.scores, strict=True):
            if not sample.is_defective or defects in (sample.defect_type, _ANY):
                yield scored_image(sample, anomaly_map, score)

    found = evaluate_maps(scored())
    shares = in_percent((found.image_auroc, found.pixel_auroc, found.aupro))
    return (*shares, f"{measured.milliseconds:.0f}", f"{measured.tiles:.1f}")


def _composed(data: Dataset, across: int, output: Path) -> Dataset:
    """The set itself for 1, and otherwise the set that is composed of its pictures."""
    if across == 1:
        return replace(
            data,
            samples=tuple(
                replace(each, defect_type=_ANY) if each.is_defective else each for each in data.samples
            ),
        )
    target = output / "sets" / f"{data.name}_{across}x{across}"
    if not target.exists():
        part = target.with_name(f"{target.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        _compose(data, across, part, np.random.default_rng(0))
        part.rename(target)
    return open_dataset(target)


def _thinned(data: Dataset, every: int) -> Dataset:
    """The set with every Nth of its test pictures with a real defect."""
    real = [each for each in data.test if each.is_defective and each.defect_type != "drawn"]
    left_out = {each.path for number, each in enumerate(real) if number % every}
    return replace(data, samples=tuple(each for each in data.samples if each.path not in left_out))


def _compose(data: Dataset, across: int, target: Path, random: np.random.Generator) -> None:
    cells = across**2
    learned = [sample.path for sample in data.train]
    good = [sample.path for sample in data.test if not sample.is_defective]
    for number in range(_TRAIN):
        _save(_together(_drawn(learned, cells, random), across), target / "train/good" / f"{number:03d}.png")
    for number in range(_GOOD):
        paths = _drawn(good, cells, random)
        _save(_together(paths, across), target / "test/good" / f"{number:03d}.png")
        kind = _DRAWN[number % len(_DRAWN)]
        picture, mask = _with_drawn(_together(paths, across), kind, across, random)
        _save(picture, target / "test/drawn" / f"{number:03d}.png")
        _save(mask, target / "ground_truth/drawn" / f"{number:03d}_mask.png")
    for number, sample in enumerate(sample for sample in data.test if sample.is_defective):
        if sample.mask_path is None:
            continue
        paths, place = _drawn(good, cells, random), int(random.integers(cells))
        paths[place] = sample.path
        mask = np.zeros((_SIDE, _SIDE), np.bool_)
        mask[_cell(place, across)] = resize_mask(read_mask(sample.mask_path), (_SIDE // across,) * 2)
        _save(_together(paths, across), target / "test/real" / f"{number:03d}.png")
        _save(mask, target / "ground_truth/real" / f"{number:03d}_mask.png")


def _drawn(paths: Sequence[Path], count: int, random: np.random.Generator) -> list[Path]:
    return [paths[number] for number in random.integers(len(paths), size=count).tolist()]


def _together(paths: Sequence[Path], across: int) -> Pixels:
    picture = np.zeros((_SIDE, _SIDE, 3), np.uint8)
    for place, path in enumerate(paths):
        picture[_cell(place, across)] = resize_image(read_image(path), (_SIDE // across,) * 2)
    return picture


def _with_drawn(picture: Pixels, kind: str, across: int, random: np.random.Generator) -> tuple[Pixels, Mask]:
    where = _cell(int(random.integers(across**2)), across)
    defect = KINDS[kind](picture[where], random)
    cover, mask = defect.cover[..., None], np.zeros((_SIDE, _SIDE), np.bool_)
    drawn = picture.copy()
    drawn[where] = np.rint(picture[where] * (1 - cover) + defect.paint.clip(0, 255) * cover).astype(np.uint8)
    mask[where] = defect.cover > 0.3
    return drawn, mask


def _cell(place: int, across: int) -> tuple[slice, slice]:
    side = _SIDE // across
    row, column = divmod(place, across)
    return slice(row * side, (row + 1) * side), slice(column * side, (column + 1) * side)


def _save(picture: NDArray[np.generic], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path, compress_level=1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", nargs="+", metavar="SET:K")
    parser.add_argument("--preset", default="balanced")
    parser.add_argument("--every", type=int, default=1, help="of real defects, test every Nth")
    parser.add_argument("--models", nargs="*", default=["whole", "enlarged"], choices=("whole", "enlarged"))
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="of the recipe with tiles")
    parser.add_argument("--name", default="", help="of the model with tiles, beside others")
    parser.add_argument("--output", type=Path, default=Path("runs/tiles"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
