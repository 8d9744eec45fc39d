import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flawflow.model_file.protobuf import Field, ProtobufError, delimited, fields


def walk(message):
    return [
        (f.number, f.value if isinstance(f.value, int) else bytes(f.value))
        for f in fields(memoryview(message))
    ]


@given(st.lists(st.tuples(st.integers(1, 2**29 - 1), st.binary(max_size=300))))
def test_delimited_fields_come_back(members):
    assert walk(b"".join(delimited(number, content) for number, content in members)) == members


def test_every_wire_type():
    message = b"\x08\x96\x01" + b"\x11" + bytes(range(8)) + b"\x1a\x02hi" + b"\x25\x01\x02\x03\x04"
    assert walk(message) == [(1, 150), (2, bytes(range(8))), (3, b"hi"), (4, b"\x01\x02\x03\x04")]


def test_offsets_tile_the_message():
    message = memoryview(b"\x08\x96\x01" + delimited(14, b"x" * 200) + b"\x25\x01\x02\x03\x04")
    parts = list(fields(message))
    assert [(part.start, part.end) for part in parts] == [(0, 3), (3, 206), (206, 211)]
    assert isinstance(parts[0], Field)


@pytest.mark.parametrize(
    "message",
    [
        b"\x08",  # a tag without a value
        b"\x88",  # half a tag
        b"\x0a\x05abc",  # shorter than it says
        b"\x0d\x00\x00\x00",  # three bytes of four
        b"\x0b",  # a group
        b"\x0f",  # wire type 7
        b"\x00\x00",  # field number 0
        b"\x08" + b"\xff" * 10 + b"\x01",  # a varint of eleven bytes
        b"\xba\x80\x80\x80\x10\x00",  # a tag of 33 bits, which others cut to 32
    ],
)
def test_what_is_no_message_is_refused(message):
    with pytest.raises(ProtobufError):
        walk(message)


@given(st.binary(max_size=100))
def test_any_bytes_are_walked_or_refused(message):
    with contextlib.suppress(ProtobufError):
        walk(message)
