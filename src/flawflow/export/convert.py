"""A model's graph in another precision."""

from collections.abc import Callable, Sequence

import numpy as np
import onnx
from numpy.typing import NDArray

from flawflow.export.fp16 import to_fp16
from flawflow.export.int8 import convolutions, quantise_convolutions

GraphMeasure = Callable[[bytes], float]
"""Tells how far a graph is from the one it came from."""


def convert(
    graph: bytes,
    precision: str,
    *,
    pictures: Sequence[NDArray[np.uint8]] = (),
    distance: GraphMeasure,
    near: float,
) -> bytes:
    """Keep a graph's weights in fewer bits.

    fp16 and bf16 keep them in 16 bits, as float16: bfloat16, which keeps 8 binary digits in place of 11, is
    what an engine may compute in, and no way to keep constants that are added to features. int8 computes the
    encoder's convolutions in 8 bits and keeps the rest in 16.

    What the first convolutions lose to 8 bits reaches every scale. So as many strides as need be, from the
    first, stay in 16 bits, until the graph is near to the one it came from.

    Args:
        graph: Serialised ONNX ModelProto, the content of a model file.
        precision: Of `flawflow.model_file.card.PRECISIONS`.
        pictures: For int8, good pictures of the graph's size, (H, W, 3).
        distance: For int8, measures a graph.
        near: For int8, the distance that is small enough. Where no choice is, the last is given.

    Returns:
        Serialised ONNX ModelProto without a card.
    """
    model = _bare(graph)
    if precision == "fp32":
        return bytes(model.SerializeToString())
    if precision != "int8":
        to_fp16(model)
        return bytes(model.SerializeToString())
    strides = sorted({stride for _, stride in convolutions(model)})
    for above in (0, *strides[:-1]):
        quantised = quantise_convolutions(model, pictures, above=above)
        to_fp16(quantised)
        content = bytes(quantised.SerializeToString())
        if distance(content) <= near:
            break
    return content


def _bare(graph: bytes) -> onnx.ModelProto:
    """The model without its card and without notes of where its parts came from."""
    model = onnx.load_from_string(graph)
    kept = [entry for entry in model.metadata_props if not entry.key.startswith("flawflow.")]
    del model.metadata_props[:]
    model.metadata_props.extend(kept)
    for part in (*model.graph.node, *model.graph.value_info, *model.graph.initializer, model.graph):
        del part.metadata_props[:]
    return model
