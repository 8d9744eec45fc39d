import copy
import dataclasses
import hashlib
import json

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from flawflow.errors import ModelFileError
from flawflow.model_file import container, foreign, read_model, replace_card, write_model

shared_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def sealed(body):
    """The bytes with a true seal, as somebody who knows the format could make them."""
    return body + container._entry(b"flawflow.seal", hashlib.sha256(body).hexdigest().encode())


def with_card(graph, text):
    return sealed(graph + container._entry(b"flawflow.card", text.encode()))


@pytest.fixture
def refused(tmp_path):
    """Write bytes to a file and expect `read_model` to refuse it with a message."""

    def expect(content, message):
        path = tmp_path / "refused.flaw"
        path.write_bytes(content)
        with pytest.raises(ModelFileError, match=message) as caught:
            read_model(path)
        assert str(path) in str(caught.value)

    return expect


def test_round_trip(tiny_model, tiny_graph, tiny_card):
    model = read_model(tiny_model)
    assert model.card == tiny_card
    assert model.graph == tiny_model.read_bytes()
    assert model.graph.startswith(tiny_graph)
    assert model.sha256 == hashlib.sha256(tiny_model.read_bytes()).hexdigest()
    assert len(repr(model)) < 5000


def test_onnx_reads_it(tiny_model, tiny_graph, tiny_card):
    model = onnx.load(tiny_model)
    onnx.checker.check_model(model, full_check=True)
    assert model.graph == onnx.load_from_string(tiny_graph).graph
    entries = {entry.key: entry.value for entry in model.metadata_props}
    assert list(entries) == ["flawflow.card", "flawflow.seal"]
    assert json.loads(entries["flawflow.card"]) == json.loads(tiny_card.to_json())


def test_onnx_runtime_sees_the_card(tiny_model, tiny_card):
    session = ort.InferenceSession(read_model(tiny_model).graph, providers=["CPUExecutionProvider"])
    entries = session.get_modelmeta().custom_metadata_map
    assert entries["flawflow.card"] == tiny_card.to_json()
    assert len(entries["flawflow.seal"]) == 64


@pytest.mark.parametrize("bit", range(8))
def test_one_flipped_bit_anywhere_is_refused(tiny_model, refused, bit):
    content = bytearray(tiny_model.read_bytes())
    for position in range(bit, len(content), 8):
        content[position] ^= 1 << bit
        refused(content, "damaged|not made by flawflow")
        content[position] ^= 1 << bit


def test_truncations_anywhere_are_refused(tiny_model, refused):
    content = tiny_model.read_bytes()
    for length in [
        *range(1, 100),
        *range(100, len(content) - 200, 7),
        *range(len(content) - 200, len(content)),
    ]:
        refused(content[:length], "cut short|not made by flawflow")


@shared_folder
@given(st.data())
def test_random_damage_is_refused(tiny_model, refused, data):
    content = tiny_model.read_bytes()
    start = data.draw(st.integers(0, len(content)))
    stop = data.draw(st.integers(start, len(content)))
    damaged = content[:start] + data.draw(st.binary(max_size=40)) + content[stop:]
    if damaged not in (content, b""):
        refused(damaged, "damaged|not made by flawflow")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "does not exist"),
        (lambda path: path.mkdir(), "cannot be read"),
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_bytes(b"PK\x03\x04 a pickle of torch"), "is not a flawflow model"),
        (lambda path: path.write_text("hello " * 100), "is not a flawflow model"),
    ],
)
def test_foreign_files_are_refused(tmp_path, make, message):
    path = tmp_path / "foreign.flaw"
    make(path)
    with pytest.raises(ModelFileError, match=message):
        read_model(path)


def test_a_plain_onnx_model_is_called_one(tiny_graph, refused):
    refused(tiny_graph, "is an ONNX model but not made by flawflow")


def test_a_model_that_another_tool_changed_is_refused(tiny_model, refused):
    model = onnx.load(tiny_model)
    model.producer_name = "another"
    refused(model.SerializeToString(), "changed after flawflow wrote it")


def test_a_seal_does_not_make_a_model(tiny_graph, tiny_card, refused):
    card = tiny_card.to_json()
    entry = container._entry(b"flawflow.card", card.encode())
    refused(sealed(b""), "checksum but is not a flawflow model")
    refused(sealed(b"\xff\xff\xff"), "checksum but is not a flawflow model")
    refused(sealed(tiny_graph), "checksum but is not a flawflow model")
    refused(sealed(entry + tiny_graph), "checksum but is not a flawflow model")
    refused(sealed(tiny_graph + entry + entry), "checksum but is not a flawflow model")
    refused(sealed(with_card(tiny_graph, card)), "checksum but is not a flawflow model")
    refused(with_card(tiny_graph, "{}"), "is missing")
    refused(with_card(tiny_graph, '{"format_version": 99}'), "newer flawflow .* upgrade")


def test_larger_than_protobuf_is_refused(tmp_path, tiny_model, tiny_graph, tiny_card, monkeypatch):
    with (tmp_path / "sparse.flaw").open("wb") as stream:
        stream.truncate(2**31)
    with pytest.raises(ModelFileError, match="2 GiB"):
        read_model(tmp_path / "sparse.flaw")
    monkeypatch.setattr(container, "MAX_MODEL_BYTES", 1000)
    with pytest.raises(ModelFileError, match="1000"):
        write_model(tmp_path / "new.flaw", tiny_graph, tiny_card)
    assert not (tmp_path / "new.flaw").exists()


def external(tensor):
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../secret")
    tensor.ClearField("raw_data")
    return tensor


def located(tensor):
    tensor.data_location = TensorProto.EXTERNAL
    return tensor


def listed(tensor):
    tensor.external_data.add(key="location", value="../secret")
    return tensor


def in_node(**attributes):
    return helper.make_node("Constant", [], ["x"], **attributes)


def subgraph():
    return helper.make_graph([in_node(value_int=1)], "inner", [], [])


def add_sparse(model, tensor):
    model.graph.sparse_initializer.add().indices.CopyFrom(tensor)


def add_function(model):
    model.functions.append(
        helper.make_function("d", "f", [], ["x"], [in_node(value_int=1)], [helper.make_opsetid("", 18)])
    )


HIDING_PLACES = {
    "initializer": lambda model, tensor: model.graph.initializer.append(tensor),
    "attribute": lambda model, tensor: model.graph.node.append(in_node(value=tensor)),
    "attribute list": lambda model, tensor: model.graph.node.append(in_node(values=[tensor])),
    "sparse": add_sparse,
}

PROGRAMS = {
    "branch": lambda model: model.graph.node.append(in_node(then_branch=subgraph())),
    "branches": lambda model: model.graph.node.append(in_node(bodies=[subgraph()])),
    "function": add_function,
    "training": lambda model: model.training_info.add().algorithm.node.append(in_node(value_int=1)),
}


def hidden(graph, place, tensor):
    model = onnx.load_from_string(graph)
    HIDING_PLACES[place](model, tensor)
    return model.SerializeToString()


@pytest.mark.parametrize("place", HIDING_PLACES)
def test_tensors_in_other_files_are_refused(tiny_model, tiny_graph, tiny_card, refused, place):
    tensor = numpy_helper.from_array(np.zeros(3, np.float32), "x")
    write_model(tiny_model, hidden(tiny_graph, place, tensor), tiny_card)
    for mark in (external, located, listed):
        graph = hidden(tiny_graph, place, mark(copy.deepcopy(tensor)))
        with pytest.raises(ModelFileError, match="external data"):
            write_model(tiny_model, graph, tiny_card)
        refused(with_card(graph, tiny_card.to_json()), "external data")


@pytest.mark.parametrize("kind", PROGRAMS)
def test_loops_branches_and_functions_are_refused(tiny_model, tiny_graph, tiny_card, refused, kind):
    model = onnx.load_from_string(tiny_graph)
    PROGRAMS[kind](model)
    graph = model.SerializeToString()
    with pytest.raises(ModelFileError, match="a loop, a branch or a function"):
        write_model(tiny_model, graph, tiny_card)
    refused(with_card(graph, tiny_card.to_json()), "a loop, a branch or a function")


def test_the_walk_knows_every_way_to_a_tensor_or_a_program():
    names = {
        "ModelProto": "model",
        "TrainingInfoProto": "program",
        "FunctionProto": "program",
        "GraphProto": "graph",
        "NodeProto": "node",
        "AttributeProto": "attribute",
        "SparseTensorProto": "sparse tensor",
        "TensorProto": "tensor",
    }
    inner = {}  # of each message that a model may hold: its fields that are messages
    unseen = [onnx.ModelProto.DESCRIPTOR]
    while unseen:
        message = unseen.pop()
        inner[message.name] = {f.number: f.message_type for f in message.fields if f.message_type}
        unseen += [kind for kind in inner[message.name].values() if kind.name not in inner]
    for message, held in inner.items():
        if names.get(message) == "program":
            continue
        ways = {number: names[kind.name] for number, kind in held.items() if kind.name in names}
        if message == "AttributeProto":
            ways = {number: kind.replace("graph", "program") for number, kind in ways.items()}
        assert ways == foreign._MESSAGES.get(names.get(message), {}), message


def test_a_hostile_depth_is_refused_at_its_first_step(tiny_graph, tiny_card, refused):
    body = b""
    for number in (6, 5, 1) * 3000:  # graph 6 in attribute 5 in node 1 in graph 6 …
        body = container.delimited(number, body)
    refused(with_card(tiny_graph + container.delimited(7, body), "{}"), "a loop, a branch or a function")


def test_only_an_unmarked_onnx_model_is_written(tmp_path, tiny_model, tiny_card):
    for graph, message in (
        (b"", "not an ONNX model"),
        (b"hello", "not an ONNX model"),
        (tiny_model.read_bytes(), "already carries a card"),
    ):
        with pytest.raises(ModelFileError, match=message):
            write_model(tmp_path / "new.flaw", graph, tiny_card)
    assert not (tmp_path / "new.flaw").exists()


def test_replace_card(tmp_path, tiny_model, tiny_card, tiny_graph):
    calibration = dataclasses.replace(tiny_card.calibration, false_reject_rate=0.05)
    card = dataclasses.replace(tiny_card, calibration=calibration)
    before = tiny_model.read_bytes()
    replace_card(tiny_model, tmp_path / "other.flaw", card)
    assert tiny_model.read_bytes() == before
    assert read_model(tmp_path / "other.flaw").card == card
    assert (tmp_path / "other.flaw").read_bytes().startswith(tiny_graph)
    replace_card(tmp_path / "other.flaw", tmp_path / "other.flaw", tiny_card)
    assert (tmp_path / "other.flaw").read_bytes() == before


def test_a_failed_write_leaves_the_old_file(tiny_model, tiny_graph, tiny_card, monkeypatch):
    before = tiny_model.read_bytes()
    monkeypatch.setattr("pathlib.Path.write_bytes", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_model(tiny_model, tiny_graph, dataclasses.replace(tiny_card, preset="other"))
    assert tiny_model.read_bytes() == before
    assert list(tiny_model.parent.iterdir()) == [tiny_model]
