"""Pictures per second and the time of one picture on a CUDA device, whole against the encoder alone.

    python benchmarks/gpu.py
    python benchmarks/gpu.py --encoders resnet18 --batches 1 32 --rounds 100

The model in torch, as it is before its export, with random weights: 256 × 256 pixels, uint8 pictures that
are on the device already, maps and scores that stay there. Three ways: float32, float16 (everything but the
statistics that autocast leaves in float32), and float16 recorded as a CUDA graph, which spares the time of
starting each kernel. float32 products may use TensorFloat-32 only where --tf32 says so. Every round runs the
whole and the encoder alone, and waits for the device after each.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from common import alternated, machine, quartiles, table, write_report
from flawflow.recipe.options import CflowOptions
from latency import build_model

SIZE = (256, 256)
WARM_UP = 10
WAYS = ("fp32", "fp16", "fp16 graph")

Run = Callable[[], object]


def main() -> None:
    options = _options()
    if not torch.cuda.is_available():
        print("No CUDA device can be used here, so nothing was measured.")
        return
    torch.set_float32_matmul_precision("high" if options.tf32 else "highest")
    torch.backends.cudnn.allow_tf32 = options.tf32
    torch.backends.cudnn.benchmark = True
    rows = []
    for name in options.encoders:
        model = build_model(name, SIZE, CflowOptions()).eval().cuda()
        for batch in options.batches:
            for way in WAYS:
                print(f"{name}, batch {batch}, {way}", file=sys.stderr)
                rows.append(
                    {
                        "network": name,
                        "batch": batch,
                        "way": way,
                        **_measure(model, batch, way, options.rounds),
                    }
                )
    report = {
        "what": f"256 px, {torch.cuda.get_device_name()}, TensorFloat-32 {'on' if options.tf32 else 'off'}",
        "machine": machine(["torch"]),
        "rows": rows,
    }
    write_report(options.output, report, markdown(report))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--encoders", nargs="+", default=["lite0", "resnet18"])
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 32])
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--tf32", action="store_true")
    parser.add_argument("--output", type=Path, default=Path("runs/gpu"))
    return parser.parse_args()


def _measure(model: Any, batch: int, way: str, rounds: int) -> dict[str, Any]:
    """Seconds of a batch through the whole and through the encoder, and their ratio, as quartiles."""
    images = torch.randint(0, 256, (batch, *SIZE, 3), dtype=torch.uint8, device="cuda")
    parts = {"whole": model, "encoder": model.encoder}
    runs = {part: _run(module, images, way) for part, module in parts.items()}
    seconds = alternated(runs, rounds, warm_up=WARM_UP)
    ratios = [whole / encoder for whole, encoder in zip(*seconds.values(), strict=True)]
    return {**{part: quartiles(values) for part, values in seconds.items()}, "ratio": quartiles(ratios)}


def _run(module: nn.Module, images: torch.Tensor, way: str) -> Run:
    def forward() -> object:
        half = torch.autocast("cuda", torch.float16, enabled=way != "fp32")
        with torch.inference_mode(), half:
            return module(images)

    start = _recorded(forward) if way.endswith("graph") else forward

    def run() -> None:
        start()
        torch.cuda.synchronize()

    return run


def _recorded(forward: Run) -> Run:
    """What `forward` does on the device, as a CUDA graph."""
    aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(3):
            forward()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        forward()
    return graph.replay


def markdown(report: dict[str, Any]) -> str:
    """The table, with where it was measured."""
    rows = []
    for row in report["rows"]:
        milliseconds = (
            "{1:.2f} ({0:.2f}–{2:.2f})".format(*(1e3 * part for part in row[which]))
            for which in ("whole", "encoder")
        )
        ratio = "{1:.2f} ({0:.2f}–{2:.2f})".format(*row["ratio"])
        rate = f"{row['batch'] / row['whole'][1]:,.0f}"
        rows.append((row["network"], row["batch"], row["way"], *milliseconds, ratio, rate))
    headings = ("encoder", "batch", "way", "whole, ms", "encoder, ms", "ratio (quartiles)", "pictures/s")
    return "\n".join(
        [f"{report['what']}. {'; '.join(report['machine'].values())}", "", table(headings, rows)]
    )


if __name__ == "__main__":
    main()
