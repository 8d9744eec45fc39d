"""Model repositories of other servers: the graph, how it is called, and the calibration beside it."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from flawflow.errors import ExportError
from flawflow.model_file import read_model
from flawflow.model_file.card import Card
from flawflow.storage.files import write_whole

Layout = Literal["triton", "ovms"]

CALIBRATION_NAME = "flawflow.json"
"""The file beside the graph that says what its scores mean."""

_NAME = re.compile(r"[A-Za-z0-9._-]{1,200}")
_VERSION = "1"
_MAX_BATCH = 16
# Where containers of OpenVINO Model Server have the repository.
_OVMS_ROOT = "/models"


def export_layout(model: Path, repository: Path, layout: Layout, *, overwrite: bool = False) -> list[Path]:
    """Write a model as a server's repository has it; other models that are there stay.

    The graph's input is `images`, uint8 (N, H, W, 3) RGB of the model's own size; its outputs are
    `anomaly_map`, float32 (N, H, W), and `pred_score`, float32 (N).

    Args:
        model: The model file; its name without the suffix is the model's.
        repository: The folder of models.
        layout: Whose.
        overwrite: Whether a model of this name is replaced.

    Returns:
        The files, in the order in which they were written.

    Raises:
        ExportError: The name cannot be served, there is a model of this name, or the repository is foreign.
        ModelFileError: The model cannot be read.
    """
    name = model.stem
    if not _NAME.fullmatch(name):
        raise ExportError(
            f"{model}: servers name models by letters, digits, '.', '_' and '-': rename the file"
        )
    content = read_model(model)
    graph = repository / name / _VERSION / "model.onnx"
    if graph.exists() and not overwrite:
        raise ExportError(f"{graph} exists: choose another folder, or replace it with --overwrite")
    configuration = _CONFIGURATIONS[layout](repository, name, content.card)
    files: dict[Path, bytes | str] = {
        graph: content.graph,
        repository / name / CALIBRATION_NAME: _calibration(content.card, content.sha256),
        # Last: a server that watches the repository finds all that it names.
        **configuration,
    }
    for path, text in files.items():
        write_whole(path, text)
    return list(files)


def _calibration(card: Card, sha256: str) -> str:
    calibration = card.calibration
    about: dict[str, Any] = {
        "model_sha256": sha256,
        "size": card.size,
        "ng_threshold": calibration.threshold().score,
        "review_threshold": calibration.review_threshold().score,
        "pixel_threshold": calibration.pixel_threshold,
        "colormap_range": card.colormap_range,
        "card": card.to_dict(),
    }
    return json.dumps(about, indent=1) + "\n"


def _triton(repository: Path, name: str, card: Card) -> dict[Path, str]:
    height, width = card.size
    # A scalar for each picture is [N] in the graph; Triton counts dimensions behind the batch, and none is
    # written as one that is reshaped away.
    text = f"""name: "{name}"
platform: "onnxruntime_onnx"
max_batch_size: {_MAX_BATCH}
input [
  {{ name: "images", data_type: TYPE_UINT8, dims: [ {height}, {width}, 3 ] }}
]
output [
  {{ name: "anomaly_map", data_type: TYPE_FP32, dims: [ {height}, {width} ] }},
  {{ name: "pred_score", data_type: TYPE_FP32, dims: [ 1 ], reshape {{ shape: [ ] }} }}
]
dynamic_batching {{ }}
"""
    return {repository / name / "config.pbtxt": text}


def _ovms(repository: Path, name: str, _card: Card) -> dict[Path, str]:
    path = repository / "config.json"
    entry = {"config": {"name": name, "base_path": f"{_OVMS_ROOT}/{name}"}}
    try:
        found = json.loads(path.read_text("utf-8")) if path.exists() else {"model_config_list": []}
        others = [each for each in found["model_config_list"] if each["config"]["name"] != name]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise ExportError(
            f"{path} is not a configuration of OpenVINO Model Server: choose another folder"
        ) from None
    text = json.dumps({**found, "model_config_list": [*others, entry]}, indent=1) + "\n"
    return {path: text}


_CONFIGURATIONS: Mapping[str, Callable[[Path, str, Card], Mapping[Path, str]]] = {
    "triton": _triton,
    "ovms": _ovms,
}
