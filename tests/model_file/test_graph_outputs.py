"""One of several models of a graph."""

import numpy as np
import onnx
import pytest

from flawflow.errors import ModelFileError
from flawflow.model_file.graph_outputs import TILES, WHOLE, with_outputs
from flawflow.runtime.engine import OnnxRuntimeEngine

from ..inspection.tiled_model import SIZE, tiled_graph


def test_each_part_gives_what_the_whole_graph_gives(rng: np.random.Generator) -> None:
    graph = tiled_graph()
    pictures = rng.integers(0, 256, (3, *SIZE, 3), np.uint8)
    whole_maps, whole_scores = OnnxRuntimeEngine(graph).run(pictures)
    for wanted, factor in ((WHOLE, 1), (TILES, 2)):
        part = with_outputs(graph, wanted)
        onnx.checker.check_model(onnx.load_from_string(part), full_check=True)
        maps, scores = OnnxRuntimeEngine(part).run(pictures)
        np.testing.assert_array_equal(maps, factor * whole_maps)
        np.testing.assert_array_equal(scores, factor * whole_scores)


def test_what_is_not_needed_goes() -> None:
    graph = onnx.load_from_string(with_outputs(tiled_graph(), WHOLE)).graph
    used = ["Cast", "Transpose", "Conv", "Squeeze", "Identity", "ReduceMax"]
    assert [node.op_type for node in graph.node] == used
    assert {constant.name for constant in graph.initializer} == {"kernel", "plane_axis", "map_axes"}
    assert [output.name for output in graph.output] == ["anomaly_map", "pred_score"]


def test_a_card_does_not_go_along() -> None:
    model = onnx.load_from_string(tiled_graph())
    model.metadata_props.add(key="flawflow.card", value="{}")
    assert with_outputs(model.SerializeToString(), WHOLE) == with_outputs(tiled_graph(), WHOLE)


@pytest.mark.parametrize("content", [b"\xff\xff", b"\x3a\x03abc"])
def test_what_is_no_graph(content: bytes) -> None:
    with pytest.raises(ModelFileError):
        with_outputs(content, WHOLE)


def test_an_output_that_is_not_there(tiny_graph: bytes) -> None:
    with pytest.raises(ModelFileError, match="no output 'tile_map'"):
        with_outputs(tiny_graph, TILES)
