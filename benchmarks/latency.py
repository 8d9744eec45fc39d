"""One picture from array to map and score, against its encoder alone: same engine and precision, alternated.

    python benchmarks/latency.py
    python benchmarks/latency.py --engines onnxruntime openvino --precisions fp32 bf16 int8
    python benchmarks/latency.py --encoders lite0 --hidden 64 --blocks 3

Weights are random and flows untrained: neither changes what is computed. Every round runs both graphs
once; the ratio is the median over rounds of whole / encoder, with its quartiles. "Bound" is the same ratio
in multiply-adds: what would be left if nothing but products took time, and all at the encoder's rate.
In int8 the convolutions of stride 4 and below stay in 16 bits, as `flawflow export` leaves them for lite0 on
bottle and grid.
"""

import argparse
import json
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from common import machine
from flawflow.export.fp16 import to_fp16
from flawflow.export.int8 import quantise_convolutions
from flawflow.model_file.card import PRECISIONS
from flawflow.recipe.options import CflowOptions
from flawflow.runtime.engine import open_session
from flawflow.runtime.engines import ENGINES
from flawflow.runtime.openvino_engine import compile_graph
from flawflow.storage.files import write_whole
from flawflow.training.detectors.cflow import Cflow
from flawflow.training.encoder import Encoder, build_encoder
from flawflow.training.feature_source import FeatureSource
from flawflow.training.feature_store import FeatureStore
from flawflow.training.head import Head
from flawflow.training.model import InspectionModel, build_head
from flawflow.training.onnx_export import OPSET, export_graph
from flawflow.training.unfinished_work import WorkFolder

# The strides that the presets take for small networks, and the paper's.
STRIDES = {"lite0": (4, 8, 16)}
PAPER_STRIDES = (8, 16, 32)
WARM_UP = 5
# Random ones, for the statistics.
PICTURES = 4
# In int8, convolutions up to this stride stay in 16 bits.
KEPT_STRIDE = 4

Run = Callable[[np.ndarray[Any, Any]], object]


def main() -> None:
    options = _options()
    size = (options.size, options.size)
    rows = []
    for name in options.encoders:
        model = build_model(name, size, CflowOptions(blocks=options.blocks, hidden=options.hidden))
        graphs = export_graph(model, size), _encoder_graph(model.encoder, size)
        for precision in options.precisions:
            whole, encoder = (in_precision(graph, precision, size) for graph in graphs)
            common = {"encoder": name, "precision": precision, **sizes(model, whole, encoder, size)}
            for engine in options.engines:
                for threads in options.threads:
                    runs = [load(engine, graph, precision, threads) for graph in (whole, encoder)]
                    found = measure(runs, size, options.rounds)
                    rows.append({**common, "engine": engine, "threads": threads, **found})
    what = f"{options.size} px, {options.blocks} blocks, hidden {options.hidden}"
    report = {"what": what, "machine": machine(options.engines), "rows": rows}
    text = markdown(report)
    print(text)
    options.output.mkdir(parents=True, exist_ok=True)
    write_whole(options.output / "latency.json", json.dumps(report, indent=1) + "\n")
    write_whole(options.output / "latency.md", text + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--encoders", nargs="+", default=["lite0", "resnet18", "wide_resnet50_2"])
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=["onnxruntime"])
    parser.add_argument("--precisions", nargs="+", choices=PRECISIONS, default=["fp32"])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--blocks", type=int, default=CflowOptions.blocks)
    parser.add_argument("--hidden", type=int, default=CflowOptions.hidden)
    parser.add_argument("--output", type=Path, default=Path("runs/latency"))
    return parser.parse_args()


def build_model(name: str, size: tuple[int, int], options: CflowOptions) -> InspectionModel:
    """A whole model whose statistics are those of random features, and whose flows have not learned."""
    encoder = build_encoder(name, strides=STRIDES.get(name, PAPER_STRIDES), weights="random", size=size)
    grids = encoder.grids(size)
    generator = torch.Generator().manual_seed(0)
    maps = tuple(
        torch.randn(PICTURES, grid[0] * grid[1], channels, generator=generator)
        for grid, channels in zip(grids, encoder.channels, strict=True)
    )
    pictures = tuple(Path(f"{number}.png") for number in range(PICTURES))
    store = FeatureStore(maps, grids, 1, pictures, ())
    device = torch.device("cpu")
    with tempfile.TemporaryDirectory() as folder:
        source = FeatureSource(
            encoder=encoder,
            pictures=pictures,
            size=size,
            seed=0,
            device=device,
            work=WorkFolder(Path(folder) / "work", {}, resume=False),
            store=store,
        )
        detector = Cflow(replace(options, steps=0))
        detector.fit(source)
    return InspectionModel(encoder, detector, build_head(detector, store, size, device))


def in_precision(graph: bytes, precision: str, size: tuple[int, int]) -> bytes:
    """A graph as `flawflow export` would write it; noise sets the ranges of 8-bit numbers."""
    if precision == "fp32":
        return graph
    model = onnx.load_from_string(graph)
    if precision == "int8":
        noise = np.random.default_rng(1).integers(0, 256, (4, *size, 3), dtype=np.uint8)
        model = quantise_convolutions(model, list(noise), above=KEPT_STRIDE)
    to_fp16(model)
    return bytes(model.SerializeToString())


def sizes(model: InspectionModel, whole: bytes, encoder: bytes, size: tuple[int, int]) -> dict[str, Any]:
    """How large the graphs are, in bytes and in products."""
    return {
        "megabytes": len(whole) / 1e6,
        "encoder_megabytes": len(encoder) / 1e6,
        "encoder_multiply_adds": count_encoder(model.encoder, size),
        "flow_multiply_adds": count_flows(model),
        "head_multiply_adds": count_head(model.head),
    }


def load(engine: str, graph: bytes, precision: str, threads: int) -> Run:
    """Load a graph as `flawflow.inspection` does; its engines take whole models only."""
    if engine == "openvino":
        request = compile_graph(graph, precision=precision, threads=threads).create_infer_request()
        return lambda images: request.infer({"images": images})
    session = open_session(graph, threads=threads)
    return lambda images: session.run(None, {"images": images})


def measure(runs: Sequence[Run], size: tuple[int, int], rounds: int) -> dict[str, Any]:
    """Time the whole and the encoder alone, turn by turn."""
    images = np.random.default_rng(0).integers(0, 256, (1, *size, 3), dtype=np.uint8)
    pairs = [[_seconds(run, images) for run in runs] for _ in range(rounds + WARM_UP)]
    kept = pairs[WARM_UP:]
    return {
        "ms": [1e3 * statistics.median(column) for column in zip(*kept, strict=True)],
        "fastest_ms": [1e3 * min(column) for column in zip(*kept, strict=True)],
        "ratio": statistics.quantiles([pair[0] / pair[1] for pair in kept], n=4),
    }


def _encoder_graph(encoder: Encoder, size: tuple[int, int]) -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            encoder,
            (torch.zeros(2, *size, 3, dtype=torch.uint8),),
            dynamo=True,
            opset_version=OPSET,
            input_names=["images"],
            dynamic_shapes={"images": {0: torch.export.Dim("batch")}},
            verbose=False,
        )
    assert program is not None
    content: bytes = program.model_proto.SerializeToString()
    return content


def _seconds(run: Run, images: np.ndarray[Any, Any]) -> float:
    start = time.perf_counter()
    run(images)
    return time.perf_counter() - start


@torch.inference_mode()
def count_encoder(encoder: Encoder, size: tuple[int, int]) -> int:
    """Multiply-adds of the convolutions and linear layers for one picture."""
    counts: list[int] = []

    def count(module: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> None:
        weight = module.get_parameter("weight")
        outputs = output.numel() if isinstance(module, nn.Conv2d) else output.numel() // len(weight)
        counts.append(outputs * (weight[0].numel() if isinstance(module, nn.Conv2d) else weight.numel()))

    layers = [module for module in encoder.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    encoder(torch.zeros(1, *size, 3, dtype=torch.uint8))
    for hook in hooks:
        hook.remove()
    return sum(counts)


def count_flows(model: InspectionModel) -> int:
    """Multiply-adds of the densities' products: every matrix once a position, the whole picture's once."""
    detector: Any = model.detector
    total, number = 0, 0
    for density in (*detector.scales, *detector.fused):
        positions = model.head.get_buffer(f"mean{number}").numel()
        number += 1 + (getattr(density, "density", None) is not None)
        for name, matrix in density.named_buffers():
            own = name.rpartition(".")[2]
            if matrix.dim() < 2 or own in ("condition", "gain", "offset"):
                continue
            # A cell's basis is used twice, by the positions of that cell.
            total += positions * (2 * matrix[0].numel() if own == "basis" else matrix.numel())
    return total + (0 if detector.whole is None else detector.whole.whitening.numel())


def count_head(head: Head) -> int:
    """Multiply-adds of adding the scales and enlarging their sum."""
    width = head.columns.shape[1]
    tall, wide = head.get_buffer("tall"), head.get_buffer("wide")
    total = tall.numel() * wide.shape[1] + tall.shape[1] * wide.numel()
    for k in range(head.count):
        rows = head.get_buffer(f"rows{k}")
        source = head.get_buffer(f"mean{k}").shape[1]
        total += rows.numel() * source + len(rows) * source * width
    return total


def markdown(report: dict[str, Any]) -> str:
    """The table, with where it was measured."""
    lines = [
        f"{report['what']}. {'; '.join(report['machine'].values())}",
        "",
        "| encoder | engine | precision | threads | whole ms | encoder ms | ratio (quartiles) | of fastest "
        "| bound | encoder / flows / head, 10⁶ multiply-adds | model file MB (encoder) |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in report["rows"]:
        counts = [row[f"{part}_multiply_adds"] for part in ("encoder", "flow", "head")]
        low, middle, high = row["ratio"]
        lines.append(
            f"| {row['encoder']} | {row['engine']} | {row['precision']} | {row['threads']} "
            f"| {row['ms'][0]:.1f} | {row['ms'][1]:.1f} "
            f"| {middle:.2f} ({low:.2f}-{high:.2f}) | {row['fastest_ms'][0] / row['fastest_ms'][1]:.2f} "
            f"| {sum(counts) / counts[0]:.2f} | {' / '.join(f'{count / 1e6:,.0f}' for count in counts)} "
            f"| {row['megabytes']:.1f} ({row['encoder_megabytes']:.1f}) |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
