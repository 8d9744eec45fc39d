"""Tensors come back bit for bit from few bytes; what is damaged is refused."""

import zlib

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import numpy_helper

from flawflow.model_file.compact import compacted, expanded
from flawflow.model_file.protobuf import ProtobufError, delimited

RNG = np.random.default_rng(5)
SINGLES = RNG.normal(size=(4, 30, 5)).astype(np.float32)
HALVES = SINGLES.astype(np.float16).astype(np.float32)
# Of eleven digits: with the seven of a level more than float16 has.
STEPS = np.float32([1025, 1027, 1031, 2047, 1999]) / 2**20
LEVELS = RNG.integers(-127, 128, SINGLES.shape).astype(np.float32)
LEVELS[:, 0] = 127
LEVELS[2, :, 1] = 0


def _there_and_back(tensor: onnx.TensorProto) -> tuple[onnx.TensorProto, int]:
    content = compacted(memoryview(tensor.SerializeToString()))
    found = onnx.TensorProto.FromString(expanded(memoryview(content)))
    found.name = tensor.name
    return found, len(content)


@pytest.mark.parametrize(
    ("values", "most"),
    [
        (SINGLES, SINGLES.nbytes),
        (HALVES, 0.51 * SINGLES.nbytes),
        (LEVELS * STEPS, 0.35 * SINGLES.nbytes),
        (np.zeros((100, 100), np.float32), 200),
        (np.float32(3.5), 40),
        (np.arange(1000), 8000),
        (np.array(["a"]), 40),
        (np.full(300, np.nan, np.float32), 100),
        (np.full(300, -0.0, np.float32).reshape(1, 300, 1), 100),
        (np.full(300, np.inf, np.float32).reshape(1, 300, 1), 100),
    ],
    ids=["float32", "float16", "levels", "zeros", "scalar", "integers", "text", "nan", "-0", "inf"],
)
def test_there_and_back(values: np.ndarray, most: float) -> None:
    tensor = numpy_helper.from_array(values, "a name")
    found, size = _there_and_back(tensor)
    assert found == tensor
    assert size <= most


@given(st.integers(1, 4), st.integers(1, 40), st.integers(1, 9), st.integers(0, 2**32))
def test_any_levels_come_back(cells: int, depth: int, rank: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    steps = np.exp(rng.normal(size=(cells, 1, rank))).astype(np.float16).astype(np.float32)
    values = rng.integers(-127, 128, (cells, depth, rank)).astype(np.float32) * steps
    tensor = numpy_helper.from_array(values, "a")
    assert _there_and_back(tensor)[0] == tensor


def test_values_as_floats_come_back() -> None:
    tensor = onnx.helper.make_tensor("a", onnx.TensorProto.FLOAT, (300,), [0.5] * 300)
    assert len(tensor.float_data) == 300
    assert _there_and_back(tensor)[0] == tensor


HEADER = delimited(1, onnx.TensorProto(dims=[300], data_type=1).SerializeToString())


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "a tensor of 1 values|without values"),
        (HEADER, "without values"),
        (HEADER + delimited(3, b"no deflated bytes"), "cannot be inflated"),
        (HEADER + delimited(3, zlib.compress(bytes(4 * 299))), "1196 bytes of values in place of 1200"),
        (HEADER + delimited(3, zlib.compress(bytes(10**7))), "cut short, or too many"),
        (HEADER + delimited(3, zlib.compress(bytes(1200))[:-3]), "cut short, or too many"),
        (HEADER + delimited(5, zlib.compress(bytes(300))), "without values"),
        (
            delimited(1, onnx.TensorProto(dims=[2**20, 2**20], data_type=1).SerializeToString()),
            "a tensor of 1099511627776 values",
        ),
    ],
)
def test_what_is_none_is_refused(content: bytes, sentence: str) -> None:
    with pytest.raises(ProtobufError, match=sentence):
        expanded(memoryview(content))
