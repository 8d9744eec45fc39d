"""Accuracy on data sets in MVTec AD layout: train, evaluate, print a table. Finished runs are kept.

    python benchmarks/accuracy.py ../shared/data/mvtec/bottle ../shared/data/mvtec/grid --seeds 0 1 2
    python benchmarks/accuracy.py ../shared/data/mvtec/grid --set noise=0 by_position=False

Nothing is chosen on test data: the test pictures are read once, after the model file is written.
"""

import argparse
import ast
import json
import statistics
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from flawflow import evaluate, train
from flawflow.dataset import Dataset, open_dataset
from flawflow.files import write_whole
from flawflow.learn.detector import Cflow, Detector
from flawflow.learn.detector.cflow import CflowOptions
from flawflow.learn.detector.detector import Aggregation
from flawflow.learn.preset import PRESETS, Preset

MEASURES = ("image_auroc", "pixel_auroc", "aupro")


def main() -> None:
    options = _options()
    preset = _preset(options)
    folder = options.output / f"{preset.name}-{options.encoder}-{options.size}"
    rows = [
        [
            _run(open_dataset(path), seed, preset=preset, folder=folder, options=options)
            for seed in options.seeds
        ]
        for path in options.data
    ]
    lines = [
        f"| {preset.name}, {options.encoder}, {options.size} px, {len(options.seeds)} seeds "
        "| image AUROC | pixel AUROC | AUPRO | training |",
        "|---|---|---|---|---|",
        *(_line(path.name, runs) for path, runs in zip(options.data, rows, strict=True)),
    ]
    if len(rows) > 1:
        lines.append(_line("mean", [_mean(runs) for runs in zip(*rows, strict=True)]))
    print("\n".join(lines))
    write_whole(
        options.output / f"{options.preset}-{options.encoder}-{options.size}.md", "\n".join(lines) + "\n"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--preset", default="balanced")
    parser.add_argument("--encoder", default="lite0")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE", help="changes to the preset")
    parser.add_argument("--output", type=Path, default=Path("runs/accuracy"))
    return parser.parse_args()


def _preset(options: argparse.Namespace) -> Preset:
    """The preset with what --set changes: fields of `CflowOptions`, `Aggregation` or `Preset`."""
    preset = PRESETS[options.preset]
    if not options.set:
        return preset
    changes = {key: ast.literal_eval(value) for key, value in (item.split("=") for item in options.set)}
    shape, after, rest = (
        {key: changes[key] for key in changes.keys() & {field.name for field in fields(kind)}}
        for kind in (CflowOptions, Aggregation, Preset)
    )
    if unknown := changes.keys() - shape.keys() - after.keys() - rest.keys():
        raise SystemExit(f"--set does not know {', '.join(sorted(unknown))}")

    def changed() -> Detector:
        detector = preset.detector()
        if not isinstance(detector, Cflow):
            raise SystemExit(f"--set does not go with the preset {preset.name}")
        detector.options = replace(detector.options, **shape)
        detector.aggregation = replace(detector.aggregation, **after)
        return detector

    name = "-".join((preset.name, *options.set))
    return replace(preset, **(rest | {"name": name, "detector": changed}))


def _run(
    dataset: Dataset, seed: int, *, preset: Preset, folder: Path, options: argparse.Namespace
) -> dict[str, Any]:
    record = folder / f"{dataset.name}-{seed}.json"
    if record.is_file():
        found: dict[str, Any] = json.loads(record.read_text("utf-8"))
        return found
    model = folder / f"{dataset.name}-{seed}.flaw"
    result = train(
        dataset,
        model,
        preset=preset,
        encoder=options.encoder,
        weights=options.weights,
        size=(options.size, options.size),
        seed=seed,
        # Sisters for cross-calibration would take time and change no figure here.
        calibration="split",
    )
    measured = evaluate(model, dataset).to_dict() | {"seconds": result.seconds}
    write_whole(record, json.dumps(measured, indent=1))
    model.unlink()
    figures = ", ".join(f"{100 * measured[measure]:.2f}" for measure in MEASURES)
    print(f"{dataset.name} seed {seed}: {figures}", flush=True)
    return measured


def _mean(runs: Sequence[dict[str, Any]]) -> dict[str, float]:
    return {key: statistics.fmean(run[key] for run in runs) for key in (*MEASURES, "seconds")}


def _line(name: str, runs: Sequence[dict[str, Any]]) -> str:
    cells = [_cell([100 * run[measure] for run in runs]) for measure in MEASURES]
    seconds = statistics.median(run["seconds"] for run in runs)
    return f"| {name} | {' | '.join(cells)} | {seconds:.0f} s |"


def _cell(values: Sequence[float]) -> str:
    spread = f" ± {statistics.stdev(values):.2f}" if len(values) > 1 else ""
    return f"{statistics.fmean(values):.2f}{spread}"


if __name__ == "__main__":
    main()
