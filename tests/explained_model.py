"""A model with a memory that needs no training: `tiny_model`, with patches compared by brightness."""

import base64
import io

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from flawflow.model_file.memory import GoodPatch, Memory, encoded, with_memory

LEVELS = (40, 90)


def jpeg_of(level: int) -> str:
    stream = io.BytesIO()
    Image.fromarray(np.full((16, 16, 3), level, np.uint8)).save(stream, "JPEG", quality=95)
    return base64.b64encode(stream.getvalue()).decode()


def memory() -> Memory:
    """Of each of four windows a dark and a lighter patch; flows find the lighter one likeliest."""
    patches = [GoodPatch(window, f"{level}.png", jpeg_of(level)) for window in range(4) for level in LEVELS]
    vectors = np.array([[level / 255] for _ in range(4) for level in LEVELS], np.float32)
    return Memory(
        size=(16, 16),
        tops=(0, 16),
        lefts=(0, 16),
        patches=tuple(patches),
        features=encoded(vectors),
        likeliest=(1, 3, 5, 7),
    )


def explained_graph(tiny_graph: bytes) -> bytes:
    """The graph with an output of the windows' mean brightness, and with the memory."""
    model = onnx.load_from_string(tiny_graph)
    model.graph.node.extend(
        (
            helper.make_node("AveragePool", ["plane"], ["pooled"], kernel_shape=[16, 16], strides=[16, 16]),
            helper.make_node("Reshape", ["pooled", "windows"], ["patch_features"]),
        )
    )
    model.graph.initializer.append(numpy_helper.from_array(np.array([-1, 4, 1]), "windows"))
    output = helper.make_tensor_value_info("patch_features", TensorProto.FLOAT, ["B", 4, 1])
    model.graph.output.append(output)
    onnx.checker.check_model(model, full_check=True)
    return with_memory(model.SerializeToString(), memory())
