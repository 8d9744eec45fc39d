"""How the cost of training and of inspection grows with pictures, resolution and the number of scales.

    python benchmarks/scaling.py
    python benchmarks/scaling.py --data ../shared/data/mvtec/bottle --pictures 25 50 100 200

One of the three varies, the others stay at 64 pictures of 256 × 256 and three scales. A short training tells
the seconds of one step of all scales, and those before and after all steps (features, statistics, the file,
calibration on 15 % of the pictures); the whole is what both make of the default's steps. Inspection is one
picture, given as an array of the model's size, on one core, and as many files as were given, on all cores.
Of several rounds the least counts, since whatever else the machine does can only add. Slopes are exponents b
of a·xᵇ by least squares of logarithms, with standard errors: 0 is no growth, 1 growth in proportion, and 2
growth with the number of pixels when x is their side.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from common import machine, quartiles, slope, table, write_report
from flawflow import Inspector, train
from flawflow.datasets import Dataset, open_dataset
from flawflow.inspection.parallel import threads_a_worker
from flawflow.progress import Progress
from flawflow.recipe import Recipe
from flawflow.recipe.options import CflowOptions
from flawflow.synthetic import draw_parts

# From one scale to four; the small encoder's default are three.
STRIDES = {1: (16,), 2: (8, 16), 3: (4, 8, 16), 4: (4, 8, 16, 32)}
PICTURES, SIZE, SCALES = 64, 256, 3
STEPS = CflowOptions.steps
MEASURES = {
    "before": "training without its steps, s",
    "step": "one step, ms",
    "whole": f"training of {STEPS:,} steps, s",
    "inspect": "inspection of one picture, ms",
    "folder": "of all pictures, s",
}


def main() -> None:
    options = _options()
    varied = {
        "pictures": [(count, SIZE, SCALES) for count in options.pictures],
        "side": [(PICTURES, size, SCALES) for size in options.sizes],
        "scales": [(PICTURES, SIZE, scales) for scales in options.scales],
    }
    with tempfile.TemporaryDirectory() as scratch:
        data = open_dataset(options.data or _drawn(Path(scratch), max(*options.pictures, PICTURES)))
        # The first training pays what only the first one costs.
        _training(data, (PICTURES, SIZE, SCALES), options, Path(scratch))
        # The case that the three have in common is measured once.
        cases = dict.fromkeys(case for cases in varied.values() for case in cases)
        rounds = [
            {case: _measured(data, case, options, Path(scratch)) for case in cases}
            for _ in range(options.rounds)
        ]
        measured = {case: {key: min(one[case][key] for one in rounds) for key in MEASURES} for case in cases}
        growths = []
        for place, (what, cases_of) in enumerate(varied.items()):
            rows = [{"x": case[place], **measured[case]} for case in cases_of]
            slopes = {key: slope([row["x"] for row in rows], [row[key] for row in rows]) for key in MEASURES}
            growths.append({"what": what, "rows": rows, "slopes": slopes})
    report = {
        "what": f"{options.encoder}, {options.data or 'drawn parts'}",
        "machine": machine(["torch", "onnxruntime"]),
        "growths": growths,
    }
    write_report(options.output, report, markdown(report))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--encoder", default="lite0")
    parser.add_argument("--pictures", type=int, nargs="+", default=[32, 64, 128, 256])
    parser.add_argument("--sizes", type=int, nargs="+", default=[128, 256, 384])
    parser.add_argument("--scales", type=int, nargs="+", choices=STRIDES, default=list(STRIDES))
    parser.add_argument("--steps", type=int, default=150, help="of each short training")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--output", type=Path, default=Path("runs/scaling"))
    return parser.parse_args()


def _drawn(scratch: Path, count: int) -> Path:
    draw_parts(scratch / "parts", train=count, test=1)
    return scratch / "parts"


def _measured(
    data: Dataset, case: tuple[int, int, int], options: argparse.Namespace, scratch: Path
) -> dict[str, float]:
    print("{} pictures of {} px, {} scales".format(*case), file=sys.stderr)
    whole, step = _training(data, case, options, scratch)
    before = whole - options.steps * step
    inspector = Inspector.load(scratch / "part.flaw", threads=threads_a_worker())
    return {
        "before": before,
        "step": 1e3 * step,
        "whole": before + STEPS * step,
        "inspect": 1e3 * _picture_seconds(inspector),
        "folder": _folder_seconds(inspector, data, case[0]),
    }


def _training(
    data: Dataset, case: tuple[int, int, int], options: argparse.Namespace, scratch: Path
) -> tuple[float, float]:
    """A short training of one case; leaves its model in the folder."""
    count, size, scales = case
    if count > len(data.train):
        raise SystemExit(f"{data.name} has {len(data.train)} training pictures: give --pictures up to that")
    part, output = Dataset(data.name, data.train[:count]), scratch / "part.flaw"
    return time_training(part, output, STRIDES[scales], size, options.steps, encoder=options.encoder)


def time_training(
    data: Dataset, output: Path, strides: tuple[int, ...], size: int, steps: int, **which: Any
) -> tuple[float, float]:
    """Seconds of a whole training of so many steps, and of one step of all scales.

    Args:
        data: What to learn from.
        output: The model file to write.
        strides: Of the scales.
        size: Height and width that pictures are resized to.
        steps: More than 10, and better 100: what only the first ones cost is no part of a step.
        which: The encoder and its weights, as of `Recipe`.
    """
    # Few pictures would be cross-fitted, which takes four trainings in place of one.
    given = {"strides": strides, "size": (size, size), "calibration": "split", "detector.steps": steps}
    recipe = Recipe.of("balanced", given, **which)
    told: list[tuple[float, int]] = []

    def tell(progress: Progress) -> None:
        if progress.stage == "Flows" and progress.done:
            told.append((time.perf_counter(), progress.done))

    result = train(data, output, recipe, on_progress=tell)
    (first, few), (last, many) = min(told), max(told)
    return result.seconds, len(strides) * (last - first) / (many - few)


def _picture_seconds(inspector: Inspector, rounds: int = 100) -> float:
    image = np.random.default_rng(0).integers(0, 256, (*inspector.card.size, 3), dtype=np.uint8)
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        inspector.measure(image)
        seconds.append(time.perf_counter() - start)
    return quartiles(seconds)[0]


def _folder_seconds(inspector: Inspector, data: Dataset, count: int) -> float:
    paths = [one.path for one in data.train[:count]]
    start = time.perf_counter()
    for _ in inspector.inspect_many(paths):
        pass
    return time.perf_counter() - start


def markdown(report: dict[str, Any]) -> str:
    """A table for each thing that grows, its last line the slopes."""
    parts = [f"{report['what']}. {'; '.join(report['machine'].values())}"]
    for growth in report["growths"]:
        rows: list[Sequence[str]] = [
            (f"{row['x']:,}", *(f"{row[key]:.3g}" for key in MEASURES)) for row in growth["rows"]
        ]
        slopes = (growth["slopes"][key] for key in MEASURES)
        rows.append(("slope", *(f"{exponent:.2f} ± {error:.2f}" for exponent, error in slopes)))
        parts += ["", table((growth["what"], *MEASURES.values()), rows)]
    return "\n".join(parts)


if __name__ == "__main__":
    main()
