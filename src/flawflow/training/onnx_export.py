"""From a torch module to the graph of a model file."""

import itertools
import logging
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import onnxscript.optimizer
import torch
from numpy.typing import NDArray

from flawflow.errors import TrainingError
from flawflow.runtime.engine import OnnxRuntimeEngine
from flawflow.training.detectors.folded import unfold
from flawflow.training.model import InspectionModel
from flawflow.training.tiles import TiledInspectionModel

if TYPE_CHECKING:
    from flawflow.training.router import PictureNumbers

OPSET = 20
# Larger constants are not worked out before the graph is written: their products may be larger than they are,
# and engines make them at loading.
_MAX_FOLDED_VALUES = 1024
TOLERANCE = 1e-4


def export_graph(
    model: "InspectionModel | TiledInspectionModel | PictureNumbers", size: tuple[int, int]
) -> bytes:
    """Export a model with a free batch size; gives the serialised ONNX graph.

    Args:
        model: Takes images (B, H, W, 3) uint8.
        size: (H, W) of these.
    """
    model = model.to("cpu").eval()
    # Two pictures: a batch of one would be taken for a constant.
    example = torch.zeros(2, *size, 3, dtype=torch.uint8)
    noisy = logging.getLogger("torch.onnx")
    level = noisy.level
    noisy.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            # The exporter warns of its own internals; what counts is checked against torch afterwards.
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                model,
                (example,),
                dynamo=True,
                opset_version=OPSET,
                input_names=["images"],
                output_names=[*model.outputs],
                dynamic_shapes={"images": {0: torch.export.Dim("batch")}},
                optimize=False,
                verbose=False,
            )
            if program is not None:
                onnxscript.optimizer.optimize(program.model, input_size_limit=_MAX_FOLDED_VALUES)
    finally:
        noisy.setLevel(level)
    if program is None:
        raise TrainingError(
            "The model could not be exported to ONNX; please report this with the encoder's name."
        )
    proto = program.model_proto
    # The exporter notes the lines of code that each part came from, with the paths of this machine.
    graph = proto.graph
    parts = (graph.node, graph.value_info, graph.initializer, graph.input, graph.output)
    for part in (graph, *itertools.chain.from_iterable(parts)):
        del part.metadata_props[:]
    content: bytes = proto.SerializeToString()
    return content


@torch.inference_mode()
def check_graph(graph: bytes, model: InspectionModel, pictures: Sequence[NDArray[np.uint8]]) -> float:
    """Compare the exported graph with what was learned: the module with its flows unfolded.

    Returns:
        The largest difference, relative to the maps' size.

    Raises:
        TrainingError: It is more than `TOLERANCE`: the graph would judge otherwise than what was learned.
    """
    images = np.stack(pictures)
    expected = [output.numpy() for output in unfold(model)(torch.from_numpy(images))]
    # A tile has no evidence of its own.
    found = OnnxRuntimeEngine(graph).run(images)
    scale = max(1.0, float(np.abs(expected[0]).max()))
    difference = max(float(np.abs(one - other).max()) for one, other in zip(found, expected, strict=False))
    if not difference <= TOLERANCE * scale:
        raise TrainingError(
            f"The exported model differs from the trained one by {difference:.2g}, more than "
            f"{TOLERANCE * scale:.2g}; please report this with the encoder's name."
        )
    return difference / scale
