"""One picture from array to map and score, against its encoder alone: same engine, alternated in one run.

    python benchmarks/latency.py
    python benchmarks/latency.py --encoders lite0 --hidden 64 --blocks 3

Weights are random and flows untrained: neither changes what is computed. Every round runs both graphs
once; the ratio is the median over rounds of whole / encoder, with its quartiles. "Bound" is the same ratio
in multiply-adds: what would be left if nothing but products took time, and all at the encoder's rate.
"""

import argparse
import json
import statistics
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import torch
from torch import Tensor, nn

from common import machine
from flawflow.files import write_whole
from flawflow.learn.detector.cflow import Cflow, CflowOptions, build_flow
from flawflow.learn.detector.folded import FoldedFlow
from flawflow.learn.detector.measured import DistanceScale
from flawflow.learn.detector.standard import PositionStandard
from flawflow.learn.encoder import Encoder, build_encoder
from flawflow.learn.export import OPSET, export_graph
from flawflow.learn.head import Head
from flawflow.learn.model import InspectionModel
from flawflow.learn.position import sine_position

# The strides that the presets take for small networks, and the paper's.
STRIDES = {"lite0": (4, 8, 16)}
PAPER_STRIDES = (8, 16, 32)
WARM_UP = 5


def main() -> None:
    options = _options()
    size = (options.size, options.size)
    rows = []
    for name in options.encoders:
        model = build_model(name, size, CflowOptions(blocks=options.blocks, hidden=options.hidden))
        rows.extend(measure(model, name, size, threads=options.threads, rounds=options.rounds))
    what = f"{options.size} px, {options.blocks} blocks, hidden {options.hidden}"
    report = {"what": what, "machine": machine(["onnxruntime"]), "rows": rows}
    text = markdown(report)
    print(text)
    options.output.mkdir(parents=True, exist_ok=True)
    write_whole(options.output / "latency.json", json.dumps(report, indent=1) + "\n")
    write_whole(options.output / "latency.md", text + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--encoders", nargs="+", default=["lite0", "resnet18", "wide_resnet50_2"])
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--blocks", type=int, default=CflowOptions.blocks)
    parser.add_argument("--hidden", type=int, default=CflowOptions.hidden)
    parser.add_argument("--output", type=Path, default=Path("runs/latency"))
    return parser.parse_args()


def build_model(name: str, size: tuple[int, int], options: CflowOptions) -> InspectionModel:
    """A whole model with random statistics in the place of learned ones."""
    encoder = build_encoder(name, strides=STRIDES.get(name, PAPER_STRIDES), weights="random", size=size)
    grids = encoder.grids(size)
    detector = Cflow(options)
    for grid, channels in zip(grids, encoder.channels, strict=True):
        detector.scales.append(_scale(grid, channels, options))
    moments = [(torch.zeros(grid), torch.ones(grid)) for grid in grids]
    return InspectionModel(encoder, detector, Head(moments, size, detector.aggregation))


def _scale(grid: tuple[int, int], channels: int, options: CflowOptions) -> DistanceScale:
    generator = torch.Generator().manual_seed(0)
    shape = (grid[0] * grid[1], channels)
    mean, deviation = torch.randn(shape, generator=generator), 1 + torch.rand(shape, generator=generator)
    standard = PositionStandard(mean, deviation, torch.ones(shape))
    root = torch.randn(channels, channels, generator=generator, dtype=torch.float64)
    covariance = torch.eye(channels, dtype=torch.float64) + root @ root.T / channels
    condition = sine_position(*grid, options.position_channels).flatten(1).T.contiguous()
    flow = build_flow(covariance, options.position_channels, options, seed=0)
    return DistanceScale(FoldedFlow(flow, condition, standard), torch.zeros(()))


def measure(
    model: InspectionModel, name: str, size: tuple[int, int], *, threads: Sequence[int], rounds: int
) -> list[dict[str, Any]]:
    """Time the whole and the encoder alone, turn by turn; one row for each number of threads."""
    whole, encoder = export_graph(model, size), _encoder_graph(model.encoder, size)
    images = np.random.default_rng(0).integers(0, 256, (1, *size, 3), dtype=np.uint8)
    encoder_count = count_encoder(model.encoder, size)
    common = {
        "encoder": name,
        "megabytes": len(whole) / 1e6,
        "encoder_megabytes": len(encoder) / 1e6,
        "encoder_multiply_adds": encoder_count,
        "flow_multiply_adds": count_flows(model),
        "head_multiply_adds": count_head(model.head),
    }
    rows = []
    for count in threads:
        sessions = _session(whole, count), _session(encoder, count)
        pairs = [[_seconds(session, images) for session in sessions] for _ in range(rounds + WARM_UP)]
        kept = pairs[WARM_UP:]
        quartiles = statistics.quantiles([pair[0] / pair[1] for pair in kept], n=4)
        milliseconds = [1e3 * statistics.median(column) for column in zip(*kept, strict=True)]
        fastest = [1e3 * min(column) for column in zip(*kept, strict=True)]
        rows.append(
            {**common, "threads": count, "ms": milliseconds, "fastest_ms": fastest, "ratio": quartiles}
        )
    return rows


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


def _session(graph: bytes, threads: int) -> ort.InferenceSession:
    """A session as `flawflow.inspect.engine` makes it; that one takes whole models only."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.use_deterministic_compute = True
    options.add_free_dimension_override_by_name("batch", 1)
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def _seconds(session: ort.InferenceSession, images: np.ndarray[Any, Any]) -> float:
    start = time.perf_counter()
    session.run(None, {"images": images})
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
    """Multiply-adds of the flows' products: every matrix of a block once a position."""
    total = 0
    scales: Any = model.detector.scales
    for k, scale in enumerate(scales):
        positions = model.head.get_buffer(f"mean{k}").numel()
        for block in scale.flow.blocks:
            matrices = [
                part for name, part in block.named_buffers() if part.dim() == 2 and name != "condition"
            ]
            total += positions * sum(matrix.numel() for matrix in matrices)
    return total


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
        "| encoder | threads | whole ms | encoder ms | ratio (quartiles) | of fastest | bound "
        "| encoder / flows / head, 10⁶ multiply-adds | model file MB (encoder) |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in report["rows"]:
        counts = [row[f"{part}_multiply_adds"] for part in ("encoder", "flow", "head")]
        low, middle, high = row["ratio"]
        lines.append(
            f"| {row['encoder']} | {row['threads']} | {row['ms'][0]:.1f} | {row['ms'][1]:.1f} "
            f"| {middle:.2f} ({low:.2f}-{high:.2f}) | {row['fastest_ms'][0] / row['fastest_ms'][1]:.2f} "
            f"| {sum(counts) / counts[0]:.2f} | {' / '.join(f'{count / 1e6:,.0f}' for count in counts)} "
            f"| {row['megabytes']:.1f} ({row['encoder_megabytes']:.1f}) |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
