"""Graphs are taken apart and put together again; equal tensors are there once."""

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from flawflow.model_file.protobuf import ProtobufError, delimited
from flawflow.model_file.skeleton import TensorPool, assembled


def _views(pool: TensorPool) -> list[memoryview]:
    return [memoryview(tensor) for tensor in pool.tensors]


def _other(graph: bytes, name: str, values: np.ndarray) -> bytes:
    model = onnx.ModelProto.FromString(graph)
    (tensor,) = (one for one in model.graph.initializer if one.name == name)
    tensor.CopyFrom(numpy_helper.from_array(values, name))
    return bytes(model.SerializeToString())


def _same(one: bytes, other: bytes) -> bool:
    """Whether two models are the same but for the order of their tensors."""
    models = [onnx.ModelProto.FromString(content) for content in (one, other)]
    for model in models:
        model.graph.initializer.sort(key=lambda tensor: tensor.name)
    return bool(models[0] == models[1])


def test_graphs_come_back_and_share_tensors(tiny_graph: bytes) -> None:
    other = _other(tiny_graph, "kernel", np.full((1, 3, 3, 3), 2.0, np.float32))
    pool = TensorPool()
    skeletons = [pool.skeleton(graph) for graph in (tiny_graph, other)]
    assert len(pool.tensors) == 3 + 1
    for graph, skeleton in zip((tiny_graph, other), skeletons, strict=True):
        assert _same(assembled(memoryview(skeleton), _views(pool)), graph)


def test_a_pool_begins_with_the_tensors_of_another(tiny_graph: bytes) -> None:
    pool = TensorPool()
    pool.skeleton(tiny_graph)
    later = TensorPool(_views(pool))
    skeleton = later.skeleton(tiny_graph)
    assert [bytes(tensor) for tensor in later.tensors] == pool.tensors
    assert _same(assembled(memoryview(skeleton), _views(pool)), tiny_graph)


def test_what_is_damaged_is_refused(tiny_graph: bytes) -> None:
    pool = TensorPool()
    skeleton = pool.skeleton(tiny_graph)
    for content, tensors, sentence in (
        (skeleton, _views(pool)[:-1], "tensors that are not there"),
        (skeleton + delimited(3, b"another name"), _views(pool), "not whole"),
        (b"", _views(pool), "not whole"),
        (skeleton + delimited(2, b"no deflated bytes"), _views(pool), "cannot be inflated"),
    ):
        with pytest.raises(ProtobufError, match=sentence):
            assembled(memoryview(content), tensors)
