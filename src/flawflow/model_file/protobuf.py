"""The protobuf wire format, as far as model files and Sparkplug need it.

A message is a row of fields; each begins with a varint whose low three bits are the wire type and
whose other bits are the field's number (protobuf.dev/programming-guides/encoding). Long fields are
given as views and never copied, so a large model costs no more than a small one.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple


class ProtobufError(ValueError):
    """Bytes that are not a protobuf message."""


class Field(NamedTuple):
    """One field of a message.

    Attributes:
        number: The field's number in its message.
        value: An int for a varint; a view of the bytes for everything else.
        start: Offset of the field's first byte in the message.
        end: Offset after its last.
    """

    number: int
    value: int | memoryview
    start: int
    end: int


_FIXED_SIZES = {1: 8, 5: 4}


def fields(message: memoryview) -> Iterator[Field]:
    """Walk the top level of a serialised message, field by field.

    Raises:
        ProtobufError: When the bytes are cut short, or a wire type or field number is not protobuf's.
    """
    offset, size = 0, len(message)
    while offset < size:
        start = offset
        tag, offset = _varint(message, offset)
        number, wire_type = tag >> 3, tag & 7
        # A tag has 32 bits; a parser that drops higher ones would see another field than this walk.
        if number == 0 or tag >= 1 << 32:
            raise ProtobufError(f"field number {number} at byte {start}")
        if wire_type == 0:
            varint, offset = _varint(message, offset)
            yield Field(number, varint, start, offset)
            continue
        if wire_type == 2:
            length, offset = _varint(message, offset)
        elif wire_type in _FIXED_SIZES:
            length = _FIXED_SIZES[wire_type]
        else:
            raise ProtobufError(f"wire type {wire_type} at byte {start}")
        end = offset + length
        if end > size:
            raise ProtobufError(f"the field at byte {start} reaches beyond the end")
        yield Field(number, message[offset:end], start, end)
        offset = end


def packed(content: memoryview) -> Iterator[int]:
    """Give the varints of a packed field.

    Raises:
        ProtobufError: When the bytes are cut short.
    """
    offset = 0
    while offset < len(content):
        value, offset = _varint(content, offset)
        yield value


def inflated(content: memoryview, most_bytes: int, *, what: str) -> bytes:
    """What was deflated into a field.

    Args:
        content: The field's value.
        most_bytes: More is refused before it is made.
        what: It is called in the sentence.

    Raises:
        ProtobufError: It was not deflated, is cut short, or is larger.
    """
    inflater = zlib.decompressobj()
    try:
        found = inflater.decompress(content, most_bytes)
    except zlib.error as error:
        raise ProtobufError(f"{what} that cannot be inflated: {error}") from None
    if not inflater.eof:
        raise ProtobufError(f"{what} cut short, or too many bytes")
    return found


def delimited(number: int, content: bytes) -> bytes:
    """Serialise one length-delimited field (a string, bytes or a message)."""
    return _as_varint(number << 3 | 2) + _as_varint(len(content)) + content


def integer(number: int, value: int) -> bytes:
    """Serialise one field that is a whole number, 0 or more."""
    return _as_varint(number << 3) + _as_varint(value)


def double(number: int, value: float) -> bytes:
    """Serialise one field that is a double."""
    return _as_varint(number << 3 | 1) + struct.pack("<d", value)


def _varint(message: memoryview, offset: int) -> tuple[int, int]:
    """The varint at `offset` and the offset after it."""
    value = 0
    for shift in range(0, 70, 7):
        if offset >= len(message):
            raise ProtobufError("cut short inside a number")
        byte = message[offset]
        offset += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, offset
    raise ProtobufError(f"a number longer than ten bytes ends at byte {offset}")


def _as_varint(value: int) -> bytes:
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
