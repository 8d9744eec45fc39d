"""Writes TIFF files of any kind, byte by byte, so that tests know what is in them."""

import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_TYPES = {1: "B", 3: "H", 4: "I"}
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True, kw_only=True)
class Kind:
    """How levels are stored; the defaults are the plainest."""

    bits: int = 8
    photometric: int = 1
    planar: int = 1
    compression: str = "none"
    order: str = "<"
    sample_format: int = 1
    predictor: int = 1
    fill_order: int = 1
    extra: tuple[int, ...] = ()
    rows: int = 0
    tile: tuple[int, int] | None = None
    palette: NDArray[np.uint16] | None = None
    more: tuple[tuple[int, int, tuple[int, ...]], ...] = ()


def packbits(data: bytes) -> bytes:
    """Runs and literals of at most 128 bytes."""
    out, i = bytearray(), 0
    while i < len(data):
        run = 1
        while run < 128 and i + run < len(data) and data[i + run] == data[i]:
            run += 1
        if run > 1:
            out += bytes((257 - run, data[i]))
        else:
            out += bytes((0, data[i]))
        i += run
    return bytes(out)


def lzw(data: bytes) -> bytes:
    """The codes of TIFF's LZW, most significant bit first."""
    codes: list[tuple[int, int]] = [(256, 9)]
    table = {bytes((i,)): i for i in range(256)}
    following, width, prefix = 258, 9, b""
    for value in data:
        longer = prefix + bytes((value,))
        if longer in table:
            prefix = longer
            continue
        codes.append((table[prefix], width))
        table[longer] = following
        following += 1
        width = max(9, following.bit_length())
        if following == 4094:
            codes.append((256, 12))
            table = {bytes((i,)): i for i in range(256)}
            following, width = 258, 9
        prefix = bytes((value,))
    if prefix:
        codes.append((table[prefix], width))
        following += 1
        width = max(9, following.bit_length())
    codes.append((257, width))
    text = "".join(f"{code:0{bits}b}" for code, bits in codes)
    text += "0" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big")


COMPRESSIONS: dict[str, tuple[int, Callable[[bytes], bytes]]] = {
    "none": (1, bytes),
    "lzw": (5, lzw),
    "deflate": (8, zlib.compress),
    "old deflate": (32946, zlib.compress),
    "packbits": (32773, packbits),
}


def tiff(levels: NDArray[np.generic], kind: Kind) -> bytes:
    """Give a file of (H, W, S) levels, in their own type where they are floats, else any integers."""
    height, width, samples = levels.shape
    planes = [levels[..., i : i + 1] for i in range(samples)] if kind.planar == 2 else [levels]
    pieces = [_encoded(part, kind) for plane in planes for part in _parts(plane, kind)]
    code = COMPRESSIONS[kind.compression][0]
    tags: list[tuple[int, int, Sequence[int]]] = [
        (256, 4, [width]), (257, 4, [height]), (258, 3, [kind.bits] * samples), (259, 3, [code]),
        (262, 3, [kind.photometric]), (266, 3, [kind.fill_order]), (277, 3, [samples]),
        (284, 3, [kind.planar]), (317, 3, [kind.predictor]),
        (339, 3, [kind.sample_format] * samples), *kind.more,
    ]  # fmt: skip
    if kind.extra:
        tags.append((338, 3, kind.extra))
    if kind.palette is not None:
        tags.append((320, 3, kind.palette.T.ravel().tolist()))
    if kind.tile is None:
        tags.append((278, 4, [kind.rows or height]))
    else:
        tags += [(322, 4, [kind.tile[1]]), (323, 4, [kind.tile[0]])]
    where = 273 if kind.tile is None else 324
    return _file(tags, pieces, kind.order, where)


def _parts(plane: NDArray[np.generic], kind: Kind) -> Iterator[NDArray[np.generic]]:
    if kind.tile is None:
        rows = kind.rows or len(plane)
        yield from (plane[top : top + rows] for top in range(0, len(plane), rows))
        return
    tall, wide = kind.tile
    padded = np.pad(plane, ((0, -plane.shape[0] % tall), (0, -plane.shape[1] % wide), (0, 0)))
    for top in range(0, padded.shape[0], tall):
        for left in range(0, padded.shape[1], wide):
            yield padded[top : top + tall, left : left + wide]


def _encoded(part: NDArray[np.generic], kind: Kind) -> bytes:
    rows = part.reshape(len(part), -1)
    step = part.shape[2]
    if kind.predictor == 2:
        rows = rows.astype(np.int64)
        rows = np.concatenate([rows[:, :step], rows[:, step:] - rows[:, :-step]], axis=1) % (1 << kind.bits)
    if kind.predictor == 3:
        # Bytes of the floats by significance, then differences of bytes.
        big = (
            rows.astype(">f4").view(np.uint8).reshape(len(rows), -1, 4).swapaxes(1, 2).reshape(len(rows), -1)
        )
        wide = big.astype(np.int64)
        data = (
            np.concatenate([wide[:, :step], wide[:, step:] - wide[:, :-step]], axis=1)
            .astype(np.uint8)
            .tobytes()
        )
    elif kind.sample_format == 3:
        data = rows.astype(f"{kind.order}f{kind.bits // 8}").tobytes()
    elif kind.bits in (8, 16, 32, 64):
        data = rows.astype(f"{kind.order}{'i' if kind.sample_format == 2 else 'u'}{kind.bits // 8}").tobytes()
    else:
        bits = ((rows.astype(np.int64)[..., None] >> np.arange(kind.bits)[::-1]) & 1).astype(np.uint8)
        data = np.packbits(bits.reshape(len(rows), -1), axis=1).tobytes()
    packed = COMPRESSIONS[kind.compression][1](data)
    return packed.translate(_REVERSED) if kind.fill_order == 2 else packed


def _file(tags: list[tuple[int, int, Sequence[int]]], pieces: list[bytes], order: str, where: int) -> bytes:
    tags = [
        *tags,
        (where, 4, [0] * len(pieces)),
        (where + 1 if where == 324 else 279, 4, [*map(len, pieces)]),
    ]
    tags.sort(key=lambda tag: tag[0])
    start = 8 + 2 + 12 * len(tags) + 4
    extra_size = sum(
        size + size % 2
        for _, kind, values in tags
        if (size := struct.calcsize(_TYPES[kind]) * len(values)) > 4
    )
    offsets, at = [], start + extra_size
    for piece in pieces:
        offsets.append(at)
        at += len(piece) + len(piece) % 2
    entries, extra = b"", b""
    for tag, kind, stored in tags:
        values = offsets if tag == where else stored
        data = struct.pack(f"{order}{len(values)}{_TYPES[kind]}", *values)
        if len(data) > 4:
            field = struct.pack(f"{order}I", start + len(extra))
            extra += data + b"\0" * (len(data) % 2)
        else:
            field = data.ljust(4, b"\0")
        entries += struct.pack(f"{order}HHI", tag, kind, len(values)) + field
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    body = b"".join(piece + b"\0" * (len(piece) % 2) for piece in pieces)
    return head + struct.pack(f"{order}H", len(tags)) + entries + bytes(4) + extra + body
