"""What a change of light costs, and what is left of it after `flawflow adapt`.

    python benchmarks/light.py DATA/mvtec/bottle DATA/mvtec/screw --strengths 2 --models plain robust

Of each set 30 good training pictures, evenly chosen, are kept from learning: they are the new good
pictures. Models are trained on the others: the default, and `plain` (without views under drawn lights)
and `robust` (under strong ones) where they are asked for. Then every test picture is seen under six
lights (`lights.py`) by each model as it is, and by the default as those 30 pictures under the same light
adapted it. Lights are drawn over pictures at the model's
size. No defect has a part in anything but the measures.

A model that is there already, by the name that its set and preset give it, is not trained again.
"""

import argparse
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from common import in_percent, scored_image, table, write_report
from flawflow.datasets import Dataset, Sample, open_dataset
from flawflow.images import read_image, resize_image
from flawflow.inspection import Inspector
from flawflow.inspection.adapt import adapt
from flawflow.metrics import ScoredImage, evaluate_maps
from flawflow.model_file import ModelFile, read_model
from flawflow.recipe import Recipe
from flawflow.training.train import train
from lights import LIGHTS, STRENGTHS, lit

Light = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]

_NEW = 30
_RECIPES: Mapping[str, Mapping[str, object]] = {
    "plain": {"views": 0},
    "default": {},
    "robust": {"robust": True},
}
_HEADINGS = ("set", "light", "strength", "model", "image AUROC", "pixel AUROC", "AUPRO", "good judged NG")


def main() -> None:
    options = _options()
    rows: list[tuple[object, ...]] = []
    for folder in options.data:
        data, new = _kept_apart(open_dataset(folder))
        models = {name: _model(data, name, options) for name in ("default", *options.models)}
        model = models["default"]
        test = _test(data, model)
        for light, strength in [("none", 0), *itertools.product(options.lights, options.strengths)]:
            under = _under(light, strength)
            if strength:
                models["adapted"] = _adapted(model, new, under)
            for how, one in models.items():
                rows.append((data.name, light, strength, how, *_measured(one, test, under)))
                print(*rows[-1], flush=True)
    report = {"preset": options.preset, "rows": [dict(zip(_HEADINGS, row, strict=True)) for row in rows]}
    write_report(options.output, report, table(_HEADINGS, rows))


def _kept_apart(data: Dataset) -> tuple[Dataset, list[Path]]:
    """The set without its new good pictures, and these."""
    good = [sample.path for sample in data.train]
    new = [good[int((number + 0.5) * len(good) / _NEW)] for number in range(_NEW)]
    kept = tuple(sample for sample in data.samples if sample.path not in set(new))
    return replace(data, samples=kept), new


def _model(data: Dataset, name: str, options: argparse.Namespace) -> ModelFile:
    path = options.output / f"{data.name}-{options.preset}-{name}.flaw"
    if not path.exists():
        options.output.mkdir(parents=True, exist_ok=True)
        train(data, path, Recipe.of(options.preset, _RECIPES[name]))
    return read_model(path)


def _under(light: str, strength: int) -> Light:
    return lambda picture: lit(picture, light, strength) if strength else picture


def _test(data: Dataset, model: ModelFile) -> list[tuple[Sample, NDArray[np.uint8]]]:
    return [(sample, resize_image(read_image(sample.path), model.card.size)) for sample in data.test]


def _adapted(model: ModelFile, new: list[Path], under: Light) -> ModelFile:
    with TemporaryDirectory() as folder:
        lit_pictures = []
        for number, path in enumerate(new):
            lit_pictures.append(Path(folder) / f"{number}.png")
            picture = under(resize_image(read_image(path), model.card.size))
            Image.fromarray(picture).save(lit_pictures[-1], compress_level=1)
        adapted = adapt(model, lit_pictures)
    return ModelFile(graph=adapted.graph, card=adapted.card, sha256="")


def _measured(
    model: ModelFile, test: list[tuple[Sample, NDArray[np.uint8]]], under: Light
) -> tuple[str, ...]:
    """Three measures, and the share of good test pictures judged NG, in percent."""
    inspector = Inspector.of(model, threads=1)
    rejected: list[bool] = []

    def scored() -> Iterator[ScoredImage]:
        for sample, picture in test:
            anomaly_map, score = inspector.measure(under(picture))
            if not sample.is_defective:
                rejected.append(model.card.calibration.verdict(score) == "NG")
            yield scored_image(sample, anomaly_map, score)

    found = evaluate_maps(scored())
    return in_percent((found.image_auroc, found.pixel_auroc, found.aupro, float(np.mean(rejected))))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("--preset", default="balanced")
    parser.add_argument("--strengths", type=int, nargs="+", default=list(STRENGTHS), choices=STRENGTHS)
    parser.add_argument("--lights", nargs="+", default=list(LIGHTS), choices=LIGHTS)
    parser.add_argument("--models", nargs="+", default=[], choices=("plain", "robust"))
    parser.add_argument("--output", type=Path, default=Path("runs/light"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
