"""Model files from people who know the format: sealed, and wrong inside."""

import contextlib
import dataclasses
import hashlib
import json
import resource

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from flawflow.errors import ModelFileError
from flawflow.inspection import Inspector
from flawflow.model_file import container, read_model, write_model

FLOAT = TensorProto.FLOAT


def with_card(graph, text):
    """Graph and card under a true seal."""
    body = graph + container._entry(b"flawflow.card", text if isinstance(text, bytes) else text.encode())
    return body + container._entry(b"flawflow.seal", hashlib.sha256(body).hexdigest().encode())


@pytest.fixture
def refused(tmp_path, is_sentence, capfd):
    """Expect that a model file does not load, with one sentence that begins with its name."""

    def expect(content, message=None, *, load=Inspector.load):
        path = tmp_path / "hostile.flaw"
        path.write_bytes(content)
        with pytest.raises(ModelFileError, match=message) as caught:
            load(path)
        assert str(caught.value).startswith(str(path))
        is_sentence(caught.value)
        assert capfd.readouterr() == ("", "")

    return expect


def changed(graph, change):
    model = onnx.load_from_string(graph)
    change(model.graph)
    return model.SerializeToString()


def made(nodes, *, initializers=(), kind=FLOAT, shapes=(("B", 32, 32), ("B",))):
    graph = helper.make_graph(
        nodes,
        "hostile",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["B", 32, 32, 3])],
        [
            helper.make_tensor_value_info(name, kind, shape)
            for name, shape in zip(("anomaly_map", "pred_score"), shapes, strict=True)
        ],
        [numpy_helper.from_array(np.array(value), name) for name, value in initializers],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    return model.SerializeToString()


def over_axes(map_axes, score_axes, *, kind=FLOAT, divide=False):
    """A graph that reduces the levels, or the levels by themselves (0/0 is NaN), over the given axes."""
    shapes = [
        tuple(size for axis, size in enumerate(("B", 32, 32, 3)) if axis not in axes)
        for axes in (map_axes, score_axes)
    ]
    nodes = [helper.make_node("Cast", ["images"], ["levels"], to=kind)]
    if divide:
        nodes.append(helper.make_node("Div", ["levels", "levels"], ["ratio"]))
    nodes += [
        helper.make_node("ReduceSum", ["ratio" if divide else "levels", "m"], ["anomaly_map"], keepdims=0),
        helper.make_node("ReduceSum", ["levels", "s"], ["pred_score"], keepdims=0),
    ]
    return made(nodes, initializers=(("m", map_axes), ("s", score_axes)), kind=kind, shapes=shapes)


GRAPHS = {
    "scalars": (over_axes([0, 1, 2, 3], [0, 1, 2, 3]), "one number for all pictures"),
    "map of one row": (over_axes([2, 3], [1, 2, 3]), "shape"),
    "score of a pixel": (over_axes([3], [3]), "shape"),
    "map without batch": (over_axes([0, 3], [1, 2, 3]), "shape"),
    "float64": (over_axes([3], [1, 2, 3], kind=TensorProto.DOUBLE), "of type tensor.double."),
    "map of NaN": (over_axes([3], [1, 2, 3], divide=True), "map value nan"),
    "no such node": (made([helper.make_node("Evil", ["images"], ["anomaly_map"])]), "cannot load"),
    "node of another house": (
        made([helper.make_node("Evil", ["images"], ["anomaly_map"], domain="evil")]),
        "cannot load",
    ),
    "text": (
        made(
            [helper.make_node("Cast", ["images"], [name], to=TensorProto.STRING) for name in
             ("anomaly_map", "pred_score")],
            kind=TensorProto.STRING, shapes=(("B", 32, 32, 3),) * 2,
        ),
        "of type tensor.string.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph_of_another_contract_is_refused(name, tiny_card, refused):
    graph, message = GRAPHS[name]
    refused(with_card(graph, tiny_card.to_json()), message)


@pytest.mark.parametrize("kind", [FLOAT, TensorProto.UINT16, TensorProto.STRING, 99])
def test_an_input_of_another_type_is_refused(kind, tiny_graph, tiny_card, refused):
    def change(graph):
        graph.input[0].type.tensor_type.elem_type = kind

    refused(with_card(changed(tiny_graph, change), tiny_card.to_json()))


@pytest.mark.parametrize(
    "dims", [(1 << 20, 1 << 20, 3, 3), (1, 3, 3, 1 << 40), (-1, 3, 3, 3), (1 << 63) - 1, 0]
)
def test_oversized_tensors_are_refused_without_memory(dims, tiny_graph, tiny_card, refused):
    def change(graph):
        graph.initializer[0].dims[:] = dims if isinstance(dims, tuple) else (dims,)

    refused(with_card(changed(tiny_graph, change), tiny_card.to_json()), "cannot (load|run)")


def test_a_map_too_large_for_any_memory_is_refused(tiny_graph, tiny_card, refused):
    def change(graph):
        graph.initializer.append(numpy_helper.from_array(np.array([1 << 46]), "endless"))
        graph.node.append(helper.make_node("ConstantOfShape", ["endless"], ["zeros"]))
        graph.node.append(helper.make_node("ReduceMax", ["zeros"], ["largest"], keepdims=0))
        graph.output.append(helper.make_tensor_value_info("largest", FLOAT, []))
        # Into the score, so that no optimiser leaves it out.
        graph.node[-3].output[0] = "score"
        graph.node.append(helper.make_node("Add", ["score", "largest"], ["pred_score"]))

    refused(with_card(changed(tiny_graph, change), tiny_card.to_json()), "cannot (load|run)")


def test_tensors_that_only_a_graph_makes_are_bounded(tiny_graph, tiny_card, refused):
    """16 GiB of zeros, and a product of two vectors of 65,536: small files, refused without their memory."""

    def zeros(graph):
        graph.initializer.append(numpy_helper.from_array(np.array([1 << 32]), "endless"))
        graph.node.append(helper.make_node("ConstantOfShape", ["endless"], ["large"]))

    def product(graph):
        column = numpy_helper.from_array(np.ones((1 << 16, 1), np.float32), "column")
        row = numpy_helper.from_array(np.ones((1, 1 << 16), np.float32), "row")
        graph.initializer.extend([column, row])
        graph.node.append(helper.make_node("MatMul", ["column", "row"], ["large"]))

    def repeated(graph):
        graph.initializer.append(numpy_helper.from_array(np.array([0.0], np.float32), "one"))
        graph.initializer.append(numpy_helper.from_array(np.array([1 << 32]), "times"))
        graph.node.append(helper.make_node(repeated.kind, ["one", "times"], ["large"]))

    def into_score(graph):
        graph.node[4].output[0] = "score"
        graph.node.append(helper.make_node("ReduceMax", ["large"], ["largest"], keepdims=0))
        graph.node.append(helper.make_node("Add", ["score", "largest"], ["pred_score"]))

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for way, kind in ((zeros, ""), (product, ""), (repeated, "Tile"), (repeated, "Expand")):
        way.kind = kind
        bomb = changed(changed(tiny_graph, way), into_score)
        refused(with_card(bomb, tiny_card.to_json()), "cannot (load|run)")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400_000, "kilobytes"


def test_loops_branches_and_functions_are_refused(tiny_graph, tiny_card, refused):
    """A loop of 2^62 rounds takes no memory, and never ends."""
    info = helper.make_tensor_value_info
    body = helper.make_graph(
        [helper.make_node("Identity", ["going"], ["on"]), helper.make_node("Add", ["x", "x"], ["y"])],
        "body",
        [info("round", TensorProto.INT64, []), info("going", TensorProto.BOOL, []), info("x", FLOAT, [1])],
        [info("on", TensorProto.BOOL, []), info("y", FLOAT, [1])],
    )

    def loop(graph):
        graph.initializer.append(numpy_helper.from_array(np.array(1 << 62), "rounds"))
        graph.initializer.append(numpy_helper.from_array(np.array(True), "always"))
        graph.initializer.append(numpy_helper.from_array(np.zeros(1, np.float32), "zero"))
        graph.node[4].output[0] = "score"
        graph.node.append(helper.make_node("Loop", ["rounds", "always", "zero"], ["last"], body=body))
        graph.node.append(helper.make_node("Add", ["score", "last"], ["pred_score"]))

    refused(with_card(changed(tiny_graph, loop), tiny_card.to_json()), "a loop, a branch or a function")
    model = onnx.load_from_string(tiny_graph)
    nodes = [helper.make_node("Add", ["x", "x"], ["y"])]
    opset = [helper.make_opsetid("", 18)]
    model.functions.append(helper.make_function("own", "Twice", ["x"], ["y"], nodes, opset))
    refused(with_card(model.SerializeToString(), tiny_card.to_json()), "a loop, a branch or a function")


NAMES = (
    "../../../etc/passwd",
    "/dev/zero",
    "C:\\\\con",
    "a\0b",
    "x" * 100_000,
    "%s%n",
    "\x1b[2J",
    "~/.bashrc",
)


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_paths_in_names_are_names(name, tmp_path, tiny_graph, tiny_card, monkeypatch):
    def change(graph):
        graph.name = graph.doc_string = graph.node[2].name = graph.initializer[0].name = name
        graph.node[2].input[1] = name

    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "named.flaw"
    monkeypatch.chdir(tmp_path / "in")
    path.write_bytes(with_card(changed(tiny_graph, change), tiny_card.to_json()))
    with contextlib.suppress(ModelFileError):
        Inspector.load(path)
    assert [*tmp_path.rglob("*")] == [tmp_path / "in", path]


@pytest.mark.parametrize("location", ["weights.bin", "../weights.bin", "/etc/passwd", "/dev/zero", ""])
def test_external_data_is_never_followed(location, tmp_path, tiny_graph, tiny_card, refused):
    (tmp_path / "weights.bin").write_bytes(bytes(108))

    def change(graph):
        tensor = graph.initializer[0]
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (("location", location), ("length", "108")):
            tensor.external_data.add(key=key, value=value)

    refused(with_card(changed(tiny_graph, change), tiny_card.to_json()), "external data")


def test_the_card_of_another_model_is_refused(tiny_graph, tiny_card, refused):
    for size in ((64, 64), (32, 31), (1, 1), (16384, 16384)):
        other = dataclasses.replace(tiny_card, size=size)
        refused(with_card(tiny_graph, other.to_json()), "shape")


def edited(card, where, value):
    content = json.loads(card.to_json())
    inner = content
    *path, last = where.split(".")
    for name in path:
        inner = inner[name]
    inner[last] = value
    return json.dumps(content)


WRONG = {
    "size": ([0, 32], [32], [-1, 32], [32, 1 << 40], "32x32", [32.5, 32], [True, 32], None, {}),
    "heat_scale": ([1, 0], [float("nan"), 1], [-1e308, 1e308], [0, float("inf")], [0, 10**400], ["0", "1"]),
    "calibration.scores": ([], [2, 1], [float("nan")], [1e31], ["1"], [[1]], "12", None),
    "calibration.pixel_threshold": (1e39, float("-inf"), None, "0.5", True),
    "calibration.false_reject_rate": (0, 1, -1, 2, float("nan"), "0.01"),
    "calibration.review_rate": (0.001, 1.0, None),
    "created": ("", "now", "2021-01-01", "2021-01-01T00:00:00+09:00", 5, "9" * 99),
    "encoder.strides": ([], [0], [-1], 8, [1.5]),
    "encoder.weights_sha256": ("0", "g" * 64, "../" * 8),
    "training.seconds": (-1, float("nan"), 10**400, "1"),
    "training.picture_count": (0, -5, 1.5, True),
    "recipe": (1, [], {}, {"preset": "fast"}),
    "format_version": (0, 99, 10**30, "1", None, 1.5),
    "unknown": (1,),
}


@pytest.mark.parametrize("field", WRONG)
def test_a_card_out_of_range_is_refused(field, tiny_graph, tiny_card, refused):
    for value in WRONG[field]:
        refused(with_card(tiny_graph, edited(tiny_card, field, value)), load=read_model)


@pytest.mark.parametrize(
    "text",
    [b"", b"null", b"[]", b"[" * 100_000, b'{"a":' * 50_000, b"\xff\xfe\x00", b"{}" * 2, b'"' + b"a" * 10**6,
     b'{"format_version": ' + b"9" * 5000 + b"}", b"NaN", b"\x00" * 100],
    ids=range(11),
)  # fmt: skip
def test_a_card_that_is_no_card_is_refused(text, tiny_graph, refused):
    refused(with_card(tiny_graph, text), load=read_model)


def test_mutated_model_files_under_a_true_seal(
    *, tmp_path, tiny_graph, tiny_card, dice, fuzz_count, is_sentence, capfd
):
    """The seal keeps accidents out; behind it, every byte may be wrong."""
    path, card = tmp_path / "mutant.flaw", tiny_card.to_json().encode()
    loaded, picture = 0, np.full((32, 32, 3), 200, np.uint8)
    for number in range(fuzz_count // 8):
        graph, text = bytearray(tiny_graph), bytearray(card)
        target = graph if number % 2 else text
        for _ in range(dice.choice((1, 1, 2, 5))):
            place = dice.randrange(len(target))
            if dice.random() < 0.5:
                target[place] ^= 1 << dice.randrange(8)
            else:
                target[place : place + dice.randrange(4)] = dice.randbytes(dice.randrange(4))
        path.write_bytes(with_card(bytes(graph), bytes(text)))
        try:
            result = Inspector.load(path).inspect(picture)
        except ModelFileError as error:
            is_sentence(error)
        else:
            loaded += 1
            assert np.isfinite(result.score)
    assert 0 < loaded < fuzz_count // 8
    assert capfd.readouterr() == ("", "")


def test_hostile_texts_in_a_card_reach_no_page_and_no_terminal(tmp_path, tiny_graph, tiny_card, flawflow):
    nasty = "<script>alert(1)</script>\ud800\x1b[2J[bold]${x}\n"
    card = dataclasses.replace(
        tiny_card,
        detector=nasty, preset=nasty, flawflow_version=nasty,
        encoder=dataclasses.replace(tiny_card.encoder, name=nasty, weights=nasty, weights_licence=nasty),
        training=dataclasses.replace(tiny_card.training, dataset=nasty, image_count=10**400, seed=-1),
    )  # fmt: skip
    write_model(tmp_path / "nasty.flaw", tiny_graph, card)
    Image.new("L", (20, 20), 255).save(tmp_path / "a.png")
    result = flawflow("inspect", tmp_path / "nasty.flaw", tmp_path / "a.png", "-o", tmp_path / "out")
    assert result.exit_code == 0, result.stderr
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "<script>alert" not in page
    shown = flawflow("card", tmp_path / "nasty.flaw")
    assert shown.exit_code == 0
    assert "\x1b" not in shown.output + result.output


def test_scores_at_the_end_of_float32_are_recorded_as_errors(tmp_path, tiny_graph, tiny_card, flawflow):
    def change(graph):
        kernel = np.full((1, 3, 3, 3), 1e27, np.float32)
        graph.initializer[0].CopyFrom(numpy_helper.from_array(kernel, "kernel"))

    write_model(tmp_path / "loud.flaw", changed(tiny_graph, change), tiny_card)
    Image.new("L", (20, 20), 1).save(tmp_path / "a.png")
    Image.new("L", (20, 20), 255).save(tmp_path / "b.png")
    result = flawflow(
        "inspect", tmp_path / "loud.flaw", tmp_path / "a.png", tmp_path / "b.png", "-o", tmp_path / "o"
    )
    assert result.exit_code == 3, result.stderr
    assert "1 picture inspected" in result.output
    assert "the model gives the picture the " in result.output
