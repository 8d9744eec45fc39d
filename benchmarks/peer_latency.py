"""One picture at a time through flawflow and anomalib's models: time and file size, alternated in one run.

    .venv-peers/bin/python benchmarks/peer_latency.py
    .venv-peers/bin/python benchmarks/peer_latency.py --encoders resnet18 --methods cflow padim --rounds 5

A picture of 256 × 256 pixels, batch 1, float32. flawflow gets it as the array that a decoder gives, and
normalises it; anomalib's models get it as the tensor that they take, without the time of making it, and run
with the steps before and after that they are shipped with. They run in torch, as they are, and in ONNX
Runtime and OpenVINO where anomalib's own export makes a graph, which takes minutes: graphs are kept in
OUTPUT/exports for the next run. See peer_models.py for what a method remembers.
"""

import argparse
import logging
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import torch
from numpy.typing import NDArray

import peer_models as peers
from common import alternated, machine, quartiles, table, write_report
from flawflow.recipe.options import CflowOptions
from flawflow.runtime.engine import OnnxRuntimeEngine
from flawflow.storage.files import write_whole
from flawflow.training.onnx_export import OPSET, export_graph
from latency import build_model

METHODS = ("cflow", "padim", "patchcore", "efficient_ad")
# Protobuf's limit is 2 GB, and a graph several times as large does not fit into most memories twice.
LARGEST_EXPORT = 2e9
WARM_UP = 3

Run = Callable[[], object]


@dataclass(frozen=True)
class Contender:
    """One method in one engine; `load` gives what runs it on that many threads."""

    encoder: str
    method: str
    engine: str
    megabytes: float
    remembers: str
    load: Callable[[int], Run]


def main() -> None:
    options = _options()
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    rows: list[dict[str, Any]] = []
    notes: list[str] = []
    for number, encoder in enumerate(options.encoders):
        # EfficientAD takes no encoder: it runs beside the first.
        methods = [method for method in options.methods if method != "efficient_ad" or number == 0]
        contenders = [
            *_flawflow(encoder),
            *(
                contender
                for method in methods
                for contender in _peer(method, encoder, options.output / "exports", notes)
            ),
        ]
        rows.extend(measure(contenders, options.threads, options.rounds))
    packages = ["anomalib", "torch", "onnxruntime", *(["openvino"] if find_spec("openvino") else [])]
    report = {"machine": machine(packages), "rounds": options.rounds, "rows": rows, "notes": notes}
    write_report(options.output, report, markdown(report, options.threads))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--encoders", nargs="+", choices=peers.BACKBONES, default=list(peers.BACKBONES))
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--output", type=Path, default=Path("runs/peer_latency"))
    return parser.parse_args()


def measure(contenders: Sequence[Contender], threads: Sequence[int], rounds: int) -> list[dict[str, Any]]:
    """Time all contenders turn by turn, for each number of threads."""
    rows: list[dict[str, Any]] = [
        {
            "encoder": each.encoder,
            "method": each.method,
            "engine": each.engine,
            "megabytes": each.megabytes,
            "remembers": each.remembers,
            "seconds": {},
        }
        for each in contenders
    ]
    for count in threads:
        print(f"{contenders[0].encoder}: {len(rows)} contenders, {count} threads", file=sys.stderr)
        torch.set_num_threads(count)
        runs = {str(number): each.load(count) for number, each in enumerate(contenders)}
        for number, seconds in alternated(runs, rounds, warm_up=WARM_UP).items():
            rows[int(number)]["seconds"][count] = quartiles(seconds)
    return rows


def _flawflow(encoder: str) -> list[Contender]:
    """Flawflow's default flow, in its model file's graph."""
    graph = export_graph(build_model(encoder, peers.SIZE, CflowOptions()), peers.SIZE)
    image = np.random.default_rng(0).integers(0, 256, (1, *peers.SIZE, 3), dtype=np.uint8)

    def load(threads: int) -> Run:
        engine = OnnxRuntimeEngine(graph, threads=threads)
        return lambda: engine.run(image)

    def contender(engine: str, load: Callable[[int], Run]) -> Contender:
        return Contender(encoder, "flawflow cflow", engine, len(graph) / 1e6, "flows", load)

    found = [contender("ONNX Runtime", load)]
    if find_spec("openvino"):
        found.append(contender("OpenVINO", lambda threads: _in_openvino(graph, image, threads)))
    return found


def _peer(method: str, encoder: str, folder: Path, notes: list[str]) -> list[Contender]:
    """One of anomalib's models, in torch and wherever its export leads; notes say where it does not."""
    backbone = peers.BACKBONES[encoder]
    torch.manual_seed(0)
    module = getattr(peers, f"build_{method}")(*(() if method == "efficient_ad" else (backbone,)))
    remembers = "flows" if method == "cflow" else getattr(peers, f"fill_{method}")(module)
    module.eval()
    shown = "its own" if method == "efficient_ad" else encoder
    name = f"anomalib {method}"
    picture = torch.rand(1, 3, *peers.SIZE)
    # Tensors that share their memory are stored once.
    storages = {part.data_ptr(): part.untyped_storage().nbytes() for part in module.state_dict().values()}
    stored = sum(storages.values())

    def in_torch(_threads: int) -> Run:
        return lambda: _infer(module, picture)

    found = [Contender(shown, name, "torch", stored / 1e6, remembers, in_torch)]
    if stored > LARGEST_EXPORT:
        notes.append(f"{name}, {shown}: not exported, since it holds {stored / 1e9:.1f} GB.")
        return found
    try:
        graph = _export(module, folder / f"{method}-{encoder}-{version('anomalib')}")
        megabytes = sum(part.stat().st_size for part in graph.parent.iterdir()) / 1e6
        pixels = picture.numpy()
        difference = _difference(_infer(module, picture), _in_onnxruntime(graph, pixels, 1)())
        if difference > 0.01:
            notes.append(
                f"{name}, {shown}: the exported graph's map is another ({difference:.0%} of its range)."
            )
        found.append(
            Contender(
                shown, name, "ONNX Runtime", megabytes, remembers, lambda n: _in_onnxruntime(graph, pixels, n)
            )
        )
        if find_spec("openvino"):
            _in_openvino(graph, pixels, 1)()
            found.append(
                Contender(
                    shown, name, "OpenVINO", megabytes, remembers, lambda n: _in_openvino(graph, pixels, n)
                )
            )
    except Exception as error:  # whatever an exporter or an engine raises is a result of this benchmark
        said = " ".join(str(error).split())[:200]
        notes.append(f"{name}, {shown}: not exported ({type(error).__name__}: {said}).")
    return found


@torch.inference_mode()
def _infer(module: Any, picture: torch.Tensor) -> Any:
    return module(picture)


def _export(module: Any, folder: Path) -> Path:
    """Anomalib's own ONNX export, or what it made of the same model before."""
    done = folder / "done"
    graph = folder / "weights" / "onnx" / "model.onnx"
    if not done.exists():
        print(f"exporting {folder.name}", file=sys.stderr)
        # Its default opset, 14, is not what it then gets, and trying takes minutes. By default the number of
        # pictures is left open, which makes of PatchCore a graph that takes two and never one.
        settings: dict[str, Any] = {"opset_version": OPSET, "dynamic_axes": None, "verbose": False}
        module.to_onnx(folder, input_size=peers.SIZE, **settings)
        write_whole(done, "")
    return graph


def _difference(expected: Any, found: Sequence[NDArray[np.float32]]) -> float:
    """The largest difference of two maps in units of the expected one's range."""
    wanted = expected.anomaly_map.numpy()
    given = next(array for array in found if array.size == wanted.size).reshape(wanted.shape)
    return float(np.abs(given - wanted).max() / np.ptp(wanted))


def _in_onnxruntime(
    graph: Path, picture: NDArray[np.float32], threads: int
) -> Callable[[], Sequence[NDArray[np.float32]]]:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    session = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    (name,) = (part.name for part in session.get_inputs())
    return lambda: session.run(None, {name: picture})


def _in_openvino(graph: Path | bytes, picture: NDArray[Any], threads: int) -> Run:
    import openvino

    settings = {
        "INFERENCE_NUM_THREADS": threads,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
    }
    core = openvino.Core()
    model = core.read_model(graph)
    model.reshape(list(picture.shape))
    request = core.compile_model(model, "CPU", settings).create_infer_request()
    return lambda: request.infer([picture])


def markdown(report: dict[str, Any], threads: Sequence[int]) -> str:
    """The table, with where it was measured and what could not be."""
    headings = ["encoder", "method", "engine"]
    for count in threads:
        headings += [f"{count} thread{'s' * (count > 1)}, ms (quartiles)", "pictures/s"]
    rows = []
    for row in report["rows"]:
        cells = [row["encoder"], row["method"], row["engine"]]
        for count in threads:
            low, middle, high = (1e3 * seconds for seconds in row["seconds"][count])
            cells += [f"{middle:.1f} ({low:.1f}–{high:.1f})", f"{1e3 / middle:.1f}"]
        rows.append([*cells, f"{row['megabytes']:.1f}", row["remembers"]])
    lines = [
        f"256 px, batch 1, float32, {report['rounds']} rounds. {'; '.join(report['machine'].values())}",
        "",
        table([*headings, "file, MB", "remembers"], rows),
    ]
    return "\n".join([*lines, *(f"\n{note}" for note in report["notes"])])


if __name__ == "__main__":
    main()
