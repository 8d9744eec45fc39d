"""Training time to the same pixel AUROC: the paper's recipe against the default's, on the same machine.

    python benchmarks/training.py ../shared/data/mvtec/bottle
    python benchmarks/training.py ../shared/data/mvtec/bottle --steps 25 50 --passes 2 4 8 16 24
    python benchmarks/training.py ../shared/data/mvtec/bottle --passes 50 100 150 200 --device cuda

Without a data set, parts are drawn. Each row of ours is a whole training from the pictures to the model file.
The paper's recipe is one training, whose schedule is that of its 200 passes: it is stopped after some passes,
made a model file, tested, and resumed. Its seconds are those of a training that stops there; testing
counts in none. The ratio is its time over that of our shortest training whose pixel AUROC is at most
0.1 points below.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from common import machine, table, write_report
from flawflow import evaluate, train
from flawflow.datasets import Dataset, open_dataset
from flawflow.progress import Progress
from flawflow.recipe import Recipe
from flawflow.storage.files import beside
from flawflow.synthetic import draw_parts

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
    _ours(data, 5, options)
    ours = [_ours(data, steps, options) for steps in options.steps]
    paper = list(_paper(data, options))
    where = machine(["torch", "onnxruntime"])
    report = {"machine": where, "data": data.name, "ours": ours, "paper": paper}
    device = torch.cuda.get_device_name() if _on_cuda(options) else "no GPU"
    text = f"{data.name}, {device}. {'; '.join(where.values())}\n\n{_markdown(ours, paper)}"
    write_report(options.output, report, text)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?", help="in MVTec AD's layout, with masks")
    parser.add_argument(
        "--passes", type=int, nargs="+", default=[2], help="of the paper's, tested after each"
    )
    parser.add_argument("--steps", type=int, nargs="+", default=[25, 50, 100], help="of our trainings")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--output", type=Path, default=Path("runs/training"))
    return parser.parse_args()


def _on_cuda(options: argparse.Namespace) -> bool:
    return options.device == "cuda" or (options.device == "auto" and torch.cuda.is_available())


def _ours(data: Dataset, steps: int, options: argparse.Namespace) -> dict[str, Any]:
    recipe = Recipe.of("balanced", {"detector.steps": steps}, seed=options.seed)
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "part.flaw"
        result = train(data, model, recipe, device=options.device)
        return _row(f"{steps} steps", result.seconds, model, data)


class _Clock:
    """Sums up the seconds of the passes, by the progress that a training tells."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._last = time.perf_counter()

    def __call__(self, progress: Progress) -> None:
        now = time.perf_counter()
        if progress.stage == "Flows":
            self.seconds += now - self._last
        self._last = now


def _paper(data: Dataset, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """The paper's recipe after each number of passes."""
    clock = _Clock()
    around: float | None = None
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "part.flaw"
        for passes in sorted(options.passes):
            _take_over(beside(model, ".training"), passes)
            result = train(
                data,
                model,
                Recipe.of("paper", {"detector.passes": passes}, seed=options.seed),
                device=options.device,
                resume=True,
                keep_work=True,
                on_progress=clock,
            )
            # Each part reads the pictures and writes a file; a training in one piece does so once.
            around = result.seconds - clock.seconds if around is None else around
            yield _row(f"paper, {passes} passes", around + clock.seconds, model, data)


def _take_over(work: Path, passes: int) -> None:
    """Let a training of more passes resume kept work: the schedule is that of 200, whatever is asked for."""
    plan = work / "plan.json"
    if plan.is_file():
        kept = json.loads(plan.read_text("utf-8")) | {"detector.passes": passes}
        plan.write_text(json.dumps(kept), "utf-8")


def _row(name: str, seconds: float, model: Path, data: Dataset) -> dict[str, Any]:
    measured = evaluate(model, data)
    if measured.pixel_auroc is None or measured.aupro is None:
        raise SystemExit(f"{data.name} has no masks")
    print(
        f"{name}: {seconds:.1f} s, pixel AUROC {100 * measured.pixel_auroc:.2f}", file=sys.stderr, flush=True
    )
    return {"name": name, "seconds": seconds, "pixel_auroc": measured.pixel_auroc, "aupro": measured.aupro}


def _markdown(ours: list[dict[str, Any]], paper: list[dict[str, Any]]) -> str:
    rows = []
    for row in (*ours, *paper):
        equal = [mine["seconds"] for mine in ours if mine["pixel_auroc"] >= row["pixel_auroc"] - WITHIN]
        times = f"{row['seconds'] / min(equal):.1f}" if equal else "not reached"
        figures = (f"{100 * row[measure]:.2f}" for measure in ("pixel_auroc", "aupro"))
        rows.append((row["name"], f"{row['seconds']:.1f}", *figures, times))
    headings = ("training", "seconds", "pixel AUROC", "AUPRO", "times ours of the same pixel AUROC")
    return f"{table(headings, rows)}\n\n{_verdict(ours, paper)}"


def _verdict(ours: list[dict[str, Any]], paper: list[dict[str, Any]]) -> str:
    """When the paper's recipe reaches what our shortest training reaches."""
    goal = min(ours, key=lambda row: float(row["seconds"]))
    wanted = f"{100 * goal['pixel_auroc']:.2f} that {goal['name']} reach in {goal['seconds']:.1f} s"
    for row in paper:
        if row["pixel_auroc"] >= goal["pixel_auroc"] - WITHIN:
            times = row["seconds"] / goal["seconds"]
            return f"{row['name']} are the first here within 0.1 of the {wanted}: {times:.0f} times as long."
    last = paper[-1]
    times, missing = last["seconds"] / goal["seconds"], 100 * (goal["pixel_auroc"] - last["pixel_auroc"])
    return f"{last['name']}, {times:.0f} times as long, are {missing:.2f} below the {wanted}."


if __name__ == "__main__":
    main()
