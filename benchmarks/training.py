"""Training time to the same pixel AUROC: the paper's recipe against the default's, on the same machine.

    python benchmarks/training.py ../shared/data/mvtec/bottle --passes 10 --steps 50 100 200 400

Without a data set, parts are drawn. Each row is a whole training from the pictures to the model file. The
paper's recipe makes 200 passes; given fewer, its schedule stays that of 200, and the time of all is
extrapolated. The ratio is the time of the passes that were made over that of the shortest training of ours
that is within 0.1 points of their pixel AUROC, or above it.
"""

import argparse
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from common import machine, write_report
from flawflow import evaluate, train
from flawflow.dataset import Dataset, open_dataset
from flawflow.learn.detector import Cflow, Detector, PaperCflow
from flawflow.learn.detector.cflow import CflowOptions
from flawflow.learn.detector.paper_cflow import PaperOptions
from flawflow.learn.preset import PRESETS, Preset
from flawflow.synthetic import draw_parts

ALL_PASSES = PaperOptions().passes
WITHIN = 0.001


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as scratch:
        if options.data is None:
            options.data = Path(scratch) / "parts"
            draw_parts(options.data)
        _compare(open_dataset(options.data), options)


def _compare(data: Dataset, options: argparse.Namespace) -> None:
    # One short training first: it pays what only the first one costs.
    _run(data, _ours(5), "warm-up", options)
    ours = [_run(data, _ours(steps), f"{steps} steps", options) for steps in options.steps]
    paper = _run(data, _paper(options.passes), f"paper, {options.passes} passes", options)
    where = machine(["torch", "onnxruntime"])
    report = {"machine": where, "data": data.name, "ours": ours, "paper": paper}
    text = f"{data.name}. {'; '.join(where.values())}\n\n{_markdown(ours, paper, options)}"
    write_report(options.output, report, text)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?", help="in MVTec AD's layout, with masks")
    parser.add_argument("--passes", type=int, default=10)
    parser.add_argument("--steps", type=int, nargs="+", default=[50, 100, 200, 400])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--output", type=Path, default=Path("runs/training"))
    return parser.parse_args()


def _ours(steps: int) -> Preset:
    return _with(PRESETS["balanced"], lambda: Cflow(CflowOptions(steps=steps)))


def _paper(passes: int) -> Preset:
    return _with(PRESETS["paper"], lambda: PaperCflow(PaperOptions(passes=passes)))


def _with(preset: Preset, detector: Callable[[], Detector]) -> Preset:
    return replace(preset, detector=detector)


def _run(data: Dataset, preset: Preset, name: str, options: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "part.flaw"
        result = train(data, model, preset=preset, seed=options.seed, device=options.device)
        measured = evaluate(model, data)
    if measured.pixel_auroc is None or measured.aupro is None:
        raise SystemExit(f"{options.data} has no masks")
    print(f"{name}: {result.seconds:.1f} s, pixel AUROC {100 * measured.pixel_auroc:.2f}", flush=True)
    return {
        "name": name,
        "seconds": result.seconds,
        "pixel_auroc": measured.pixel_auroc,
        "aupro": measured.aupro,
    }


def _markdown(ours: list[dict[str, Any]], paper: dict[str, Any], options: argparse.Namespace) -> str:
    lines = ["| training | seconds | pixel AUROC | AUPRO |", "|---|---|---|---|"]
    for row in (*ours, paper):
        figures = f"{row['seconds']:.1f} | {100 * row['pixel_auroc']:.2f} | {100 * row['aupro']:.2f}"
        lines.append(f"| {row['name']} | {figures} |")
    equal = [row for row in ours if row["pixel_auroc"] >= paper["pixel_auroc"] - WITHIN]
    if equal:
        best = min(equal, key=lambda row: float(row["seconds"]))
        factor = paper["seconds"] / best["seconds"]
        whole = factor * ALL_PASSES / options.passes
        lines.append(
            f"\n{best['name']} reach what {options.passes} passes of the paper's recipe do in 1/{factor:.0f} "
            f"of their time; all {ALL_PASSES} passes would take {whole:.0f} times as long."
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
