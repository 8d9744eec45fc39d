"""Good patches in a model file."""

import dataclasses
from pathlib import Path

import numpy as np
import onnx
import pytest

from flawflow.errors import ModelFileError
from flawflow.model_file import read_model, replace_card, write_model
from flawflow.model_file.card import Card
from flawflow.model_file.memory import encoded, memory_of, with_memory
from flawflow.model_file.protobuf import delimited

from ..explained_model import explained_graph, memory


def test_a_file_keeps_it_whatever_its_card(tmp_path: Path, tiny_graph: bytes, tiny_card: Card) -> None:
    path = tmp_path / "a.flaw"
    write_model(path, explained_graph(tiny_graph), tiny_card)
    assert memory_of(read_model(path).graph) == memory()
    replace_card(path, path, dataclasses.replace(tiny_card, preset="other"))
    assert memory_of(read_model(path).graph) == memory()
    assert read_model(path).card.preset == "other"
    assert memory_of(tiny_graph) is None


def test_it_is_metadata_of_an_onnx_file(tiny_graph: bytes) -> None:
    model = onnx.load_from_string(explained_graph(tiny_graph))
    assert [entry.key for entry in model.metadata_props] == ["explain.memory"]


def test_the_nearest_of_a_window() -> None:
    kept = memory()
    assert [kept.window_at(*point) for point in ((3, 3), (31, 2), (2, 31), (20, 20))] == [0, 1, 2, 3]
    assert [kept.corner(window) for window in range(4)] == [(0, 0), (0, 16), (16, 0), (16, 16)]
    assert kept.nearest(2, np.array([0.3], np.float32))[0] == 5
    number, distance = kept.nearest(3, np.array([0.0], np.float32))
    assert number == 6
    assert distance == pytest.approx(40 / 255, rel=1e-3)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"patches": ()}, "patches"),
        ({"tops": (0, 16, 32)}, "patches"),
        ({"likeliest": (1,)}, "each of 4 windows"),
        ({"likeliest": (1, 2, 3, 8)}, "that are there"),
        ({"size": (0, 16)}, "within the image"),
        ({"lefts": (-1, 16)}, "within the image"),
        ({"features": "?"}, "base64"),
        ({"features": encoded(np.zeros((3, 1), np.float32))}, "as many numbers"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        dataclasses.replace(memory(), **changes)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"size": [1, 1]}', b"[" * 100_000])
def test_a_damaged_one_is_refused(tiny_graph: bytes, text: bytes) -> None:
    entry = delimited(1, b"explain.memory") + delimited(2, text)
    with pytest.raises(ModelFileError, match="train it again"):
        memory_of(tiny_graph + delimited(14, entry))


def test_bytes_that_are_no_graph_keep_none() -> None:
    with pytest.raises(ModelFileError):
        memory_of(b"\xff\xff")
    assert memory_of(with_memory(b"", memory())) == memory()
