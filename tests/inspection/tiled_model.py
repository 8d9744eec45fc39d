"""A model with tiles that needs no training: both maps are the brightness of a 32 × 32 picture, blurred."""

import dataclasses

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from flawflow.images.tiling import TileGrid
from flawflow.model_file.card import Card
from flawflow.model_file.graph_outputs import TILES, with_outputs
from flawflow.model_file.tile_card import TileCard
from flawflow.runtime.canary_check import record_canaries

SIZE = (32, 32)


def tiled_graph() -> bytes:
    """A graph with four outputs: a tile's map is twice as high as the whole picture's."""
    kernel = np.full((1, 3, 3, 3), 1 / (27 * 255), np.float32)
    nodes = [
        helper.make_node("Cast", ["images"], ["levels"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["levels"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["planes", "kernel"], ["plane"], pads=[1, 1, 1, 1]),
        helper.make_node("Squeeze", ["plane", "plane_axis"], ["blurred"]),
        helper.make_node("Identity", ["blurred"], ["anomaly_map"]),
        helper.make_node("ReduceMax", ["anomaly_map", "map_axes"], ["pred_score"], keepdims=0),
        helper.make_node("Mul", ["blurred", "two"], ["tile_map"]),
        helper.make_node("ReduceMax", ["tile_map", "map_axes"], ["tile_score"], keepdims=0),
    ]
    maps, scores = ("anomaly_map", "tile_map"), ("pred_score", "tile_score")
    graph = helper.make_graph(
        nodes,
        "tiled",
        inputs=[helper.make_tensor_value_info("images", TensorProto.UINT8, ["B", *SIZE, 3])],
        outputs=[
            *(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["B", *SIZE]) for name in maps),
            *(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["B"]) for name in scores),
        ],
        initializer=[
            numpy_helper.from_array(kernel, "kernel"),
            numpy_helper.from_array(np.array(2, np.float32), "two"),
            numpy_helper.from_array(np.array([1]), "plane_axis"),
            numpy_helper.from_array(np.array([1, 2]), "map_axes"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


def tile_card(grid: TileGrid, **changes: object) -> TileCard:
    """How pictures of a grid are inspected: with all tiles, all levels at 0."""
    none = (0.0,) * len(grid.tiles)
    card = TileCard(
        mode="all",
        size=grid.size,
        tile=grid.tile,
        overlap=grid.overlap,
        levels=none,
        map_gain=0.5,
        usual=0.25,
        score_gain=1.0,
        lows=none,
        high=0.4,
        canaries=record_canaries(with_outputs(tiled_graph(), TILES), SIZE),
    )
    return dataclasses.replace(card, **changes)


def with_tiles(card: Card, tiles: TileCard) -> Card:
    """A card with canaries of both parts of the graph."""
    return dataclasses.replace(card, tiles=tiles, canaries=record_canaries(tiled_graph(), SIZE))
