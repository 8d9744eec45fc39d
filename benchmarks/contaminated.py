"""Training pictures of which 5 % are defective: what it costs, and what --exclude-suspects gives back.

    python benchmarks/contaminated.py ../shared/data/mvtec/bottle ../shared/data/mvtec/grid

For each seed some defective test pictures are planted among the good training pictures and leave the test
set. Trained are three models: without them, with them, and with them but without suspects. All three are
measured on the same remaining test pictures. Finished runs are kept.
"""

import argparse
import json
import statistics
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from flawflow import evaluate, train
from flawflow.datasets import Dataset, open_dataset
from flawflow.recipe import Recipe
from flawflow.storage.files import write_whole

SHARE = 0.05
MEASURES = ("image_auroc", "pixel_auroc", "aupro")
WAYS = ("clean", "contaminated", "without suspects")


def main() -> None:
    options = _options()
    lines = [
        f"| {options.preset}, {len(options.seeds)} seeds | trained | image AUROC | pixel AUROC | AUPRO "
        "| defects found | good pictures suspected |",
        "|---|---|---|---|---|---|---|",
    ]
    for path in options.data:
        dataset = open_dataset(path)
        runs = [_runs(dataset, seed, options) for seed in options.seeds]
        lines += [_line(path.name, way, [run[way] for run in runs]) for way in WAYS]
        for way in WAYS[1:]:
            losses = [[100 * (run["clean"][m] - run[way][m]) for run in runs] for m in MEASURES]
            cells = " | ".join(f"{statistics.fmean(loss):.2f} (most {max(loss):.2f})" for loss in losses)
            lines.append(f"| {path.name} | loss, {way} | {cells} | | |")
    print("\n".join(lines))
    write_whole(options.output / f"{options.preset}.md", "\n".join(lines) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--preset", default="fast")
    parser.add_argument("--output", type=Path, default=Path("runs/contaminated"))
    return parser.parse_args()


def _planted(dataset: Dataset, seed: int) -> tuple[Dataset, Dataset, set[Path]]:
    """The data without the planted pictures, with them, and which they are."""
    defective = [sample for sample in dataset.test if sample.is_defective]
    count = round(SHARE / (1 - SHARE) * len(dataset.train))
    chosen = np.random.default_rng((seed, 5)).choice(len(defective), count, replace=False)
    planted = [defective[index] for index in chosen.tolist()]
    paths = {sample.path for sample in planted}
    rest = tuple(sample for sample in dataset.samples if sample.path not in paths)
    taken_for_good = tuple(
        replace(sample, split="train", is_defective=False, defect_type="good", mask_path=None)
        for sample in planted
    )
    return replace(dataset, samples=rest), replace(dataset, samples=rest + taken_for_good), paths


def _runs(dataset: Dataset, seed: int, options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    clean, contaminated, planted = _planted(dataset, seed)
    runs = {}
    for way in WAYS:
        record = options.output / options.preset / f"{dataset.name}-{seed}-{way.replace(' ', '-')}.json"
        if not record.is_file():
            given = clean if way == "clean" else contaminated
            model = record.with_suffix(".flaw")
            recipe = Recipe.of(options.preset, seed=seed, exclude_suspects=way == WAYS[2])
            result = train(given, model, recipe, resume=True)
            found = {suspect.path for suspect in result.suspects}
            measured = evaluate(model, clean).to_dict() | {
                "planted": 0 if way == "clean" else len(planted),
                "found": len(found & planted),
                "false": len(found - planted),
                "good": len(clean.train),
            }
            write_whole(record, json.dumps(measured, indent=1))
            model.unlink()
            figures = ", ".join(f"{100 * measured[measure]:.2f}" for measure in MEASURES)
            print(f"{dataset.name} seed {seed} {way}: {figures}", flush=True)
        runs[way] = json.loads(record.read_text("utf-8"))
    return runs


def _line(name: str, way: str, runs: Sequence[dict[str, Any]]) -> str:
    cells = []
    for measure in MEASURES:
        values = [100 * run[measure] for run in runs]
        spread = f" ± {statistics.stdev(values):.2f}" if len(values) > 1 else ""
        cells.append(f"{statistics.fmean(values):.2f}{spread}")
    found, planted, false, good = (
        sum(run[key] for run in runs) for key in ("found", "planted", "false", "good")
    )
    return f"| {name} | {way} | {' | '.join(cells)} | {found} of {planted} | {false} of {good} |"


if __name__ == "__main__":
    main()
