"""What explains a verdict: a place, or the picture as a whole."""

import dataclasses

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from flawflow.decision.calibration import Calibration
from flawflow.errors import ModelFileError
from flawflow.inspection import Inspector, OnnxRuntimeEngine
from flawflow.inspection.localization import is_whole_image
from flawflow.inspection.tiled import TileEngine
from flawflow.model_file.card import Card
from flawflow.model_file.graph_outputs import TILES, output_names, with_outputs, with_whole
from flawflow.results.record import Record, record_of

from .tiled_model import SIZE, tile_card, tiled_graph, with_tiles

# NG above 99, REVIEW above 95.
CALIBRATION = Calibration(scores=tuple(float(i) for i in range(1, 100)), pixel_threshold=3.0)


@pytest.mark.parametrize(
    ("score", "evidence", "expected"),
    [
        (120.0, 30.0, True),
        (120.0, 22.0, False),
        (97.0, 3.0, True),
        (97.0, 1.0, False),
        (120.0, 0.0, False),
        (90.0, 80.0, False),
        (120.0, None, None),
    ],
)
def test_a_verdict_is_the_wholes_where_it_would_be_ok_without(
    score: float, evidence: float | None, expected: bool | None
) -> None:
    assert is_whole_image(CALIBRATION, score, evidence) is expected


def with_evidence(graph: bytes, evidence: float) -> bytes:
    """A graph whose score is higher by what it says that the picture as a whole adds."""
    model = onnx.load_from_string(graph)
    for node in model.graph.node:
        node.output[:] = ["places" if name == "pred_score" else name for name in node.output]
    model.graph.node.append(helper.make_node("Mul", ["places", "none"], ["nothing"]))
    model.graph.node.append(helper.make_node("Add", ["nothing", "more"], ["whole_evidence"]))
    model.graph.node.append(helper.make_node("Add", ["places", "whole_evidence"], ["pred_score"]))
    for name, value in (("none", 0.0), ("more", evidence)):
        model.graph.initializer.append(numpy_helper.from_array(np.array(value, np.float32), name))
    model.graph.output.append(helper.make_tensor_value_info("whole_evidence", TensorProto.FLOAT, ["B"]))
    return bytes(model.SerializeToString())


def test_an_inspection_and_its_record_say_so(tiny_graph: bytes, tiny_card: Card) -> None:
    inspector = Inspector(OnnxRuntimeEngine(with_evidence(tiny_graph, 0.75)), tiny_card)
    dark, bright = (np.full((40, 50, 3), level, np.uint8) for level in (10, 250))
    found = inspector.inspect(dark)
    assert (found.verdict, found.whole_image) == ("NG", True)
    assert len(found.regions) == 1
    assert Record.from_dict(record_of(found).to_dict()).whole_image is True
    assert (inspector.inspect(bright).verdict, inspector.inspect(bright).whole_image) == ("NG", False)
    plain = Inspector(OnnxRuntimeEngine(tiny_graph), tiny_card).inspect(bright)
    assert (plain.whole_image, record_of(plain).to_dict()["whole_image"]) == (None, None)


def test_so_it_is_beside_tiles(tiny_card: Card) -> None:
    from flawflow.images.tiling import TileGrid

    graph = with_evidence(tiled_graph(), 0.75)
    assert output_names(with_whole(graph)) == ("anomaly_map", "pred_score", "whole_evidence")
    card = with_tiles(tiny_card, tile_card(TileGrid.over((64, 64), SIZE, 0.25)))
    tiles = TileEngine(OnnxRuntimeEngine(with_outputs(graph, TILES)))
    inspector = Inspector(OnnxRuntimeEngine(with_whole(graph)), card, tiles=tiles)
    found = inspector.inspect(np.full((64, 64, 3), 10, np.uint8))
    assert (found.verdict, found.whole_image) == ("NG", True)


def test_evidence_that_is_no_number_is_refused(tiny_graph: bytes, tiny_card: Card) -> None:
    model = onnx.load_from_string(with_evidence(tiny_graph, 0.5))
    model.graph.node[-1].input[1] = "none"
    model.graph.initializer[-1].CopyFrom(numpy_helper.from_array(np.array(np.nan, np.float32), "more"))
    inspector = Inspector(
        OnnxRuntimeEngine(model.SerializeToString()), dataclasses.replace(tiny_card, canaries=())
    )
    with pytest.raises(ModelFileError, match="evidence nan"):
        inspector.inspect(np.zeros((32, 32, 3), np.uint8))
