"""Good patches that a model file keeps on request, so that it can show what good looks like.

    graph | metadata_props {explain.memory: JSON} | card | seal

They are an entry of the ONNX file's metadata, which no engine reads: a model inspects the same with
and without.
"""

import base64
import binascii
import json
import math
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from flawflow.errors import ModelFileError
from flawflow.model_file.protobuf import ProtobufError, delimited, fields
from flawflow.typed import FieldError, parse, to_plain

PATCH_FEATURES = "patch_features"
"""The graph's output that patches are compared by, float32 (B, windows, D)."""

_KEY = b"explain.memory"
_METADATA = 14
# Far more than anybody would want in a file.
_MAX_PATCHES = 100_000


@dataclass(frozen=True)
class GoodPatch:
    """A piece of a good training image.

    Attributes:
        window: The number of the window that it was cut from.
        picture: The name of the image's file.
        jpeg: The pixels, at the model's resolution: JPEG in base64.
    """

    window: int
    picture: str
    jpeg: str


@dataclass(frozen=True)
class Memory:
    """Good patches and what they are compared by.

    Windows lie in rows and columns: number `row·len(lefts) + column`.

    Attributes:
        size: (height, width) of a window in pixels of the model's input.
        tops: Where the rows of windows begin, in the same pixels.
        lefts: Where their columns begin.
        patches: N good patches, at least one of each window.
        features: Of each patch as `patch_features` has them: little-endian float16 (N, D), in base64.
        likeliest: For each window the number of the patch that is nearest to the mode of the flows; empty
            where the detector has none.
    """

    size: tuple[int, int]
    tops: tuple[int, ...]
    lefts: tuple[int, ...]
    patches: tuple[GoodPatch, ...]
    features: str = field(repr=False)
    likeliest: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        count, windows = len(self.patches), len(self.tops) * len(self.lefts)
        if not 0 < count <= _MAX_PATCHES or {patch.window for patch in self.patches} != {*range(windows)}:
            raise ValueError("patches must be some of each window, and of no other")
        if self.likeliest and len(self.likeliest) != windows:
            raise ValueError(f"likeliest must name a patch for each of {windows} windows, or none")
        if not all(0 <= number < count for number in self.likeliest):
            raise ValueError("likeliest must name patches that are there")
        if min(*self.size, *self.tops, *self.lefts, 1) < 0 or 0 in self.size:
            raise ValueError("windows must lie within the image")
        if len(self._bytes) == 0 or len(self._bytes) % (2 * count):
            raise ValueError("features must be as many numbers for each patch")

    @cached_property
    def _bytes(self) -> bytes:
        try:
            return base64.b64decode(self.features, validate=True)
        except (binascii.Error, ValueError):
            raise ValueError("features must be base64") from None

    @cached_property
    def vectors(self) -> NDArray[np.float32]:
        """The features, (N, D)."""
        return np.frombuffer(self._bytes, "<f2").reshape(len(self.patches), -1).astype(np.float32)

    def window_at(self, x: float, y: float) -> int:
        """The number of the window whose middle is nearest to a point in pixels of the model's input."""
        row, column = (
            int(np.argmin([abs(start + side / 2 - at) for start in starts]))
            for starts, side, at in ((self.tops, self.size[0], y), (self.lefts, self.size[1], x))
        )
        return row * len(self.lefts) + column

    def corner(self, window: int) -> tuple[int, int]:
        """Top and left of a window, in pixels of the model's input."""
        row, column = divmod(window, len(self.lefts))
        return self.tops[row], self.lefts[column]

    def nearest(self, window: int, vector: NDArray[np.float32]) -> tuple[int, float]:
        """The patch of a window that is nearest to a vector, (D,), and its distance, per channel."""
        own = [number for number, patch in enumerate(self.patches) if patch.window == window]
        squares = np.square(self.vectors[own] - vector).mean(axis=1)
        best = int(squares.argmin())
        return own[best], math.sqrt(float(squares[best]))


def encoded(vectors: NDArray[np.float32]) -> str:
    """Vectors, (N, D), as a memory keeps them."""
    return base64.b64encode(vectors.astype("<f2").tobytes()).decode()


def with_memory(graph: bytes, memory: Memory) -> bytes:
    """A graph, without a card, that keeps a memory."""
    text = json.dumps(to_plain(memory), allow_nan=False).encode()
    return graph + delimited(_METADATA, delimited(1, _KEY) + delimited(2, text))


def memory_of(graph: bytes) -> Memory | None:
    """The memory that a graph keeps, with or without a card; None for none.

    Raises:
        ModelFileError: What it keeps is none.
    """
    try:
        for part in fields(memoryview(graph)):
            if part.number != _METADATA or isinstance(part.value, int):
                continue
            entry = {each.number: each.value for each in fields(part.value)}
            if isinstance(key := entry.get(1), memoryview) and key == _KEY:
                memory: Memory = parse(Memory, json.loads(bytes(entry.get(2, b""))))
                return memory
    except (ProtobufError, FieldError, ValueError, RecursionError) as error:
        raise ModelFileError(
            f"the good patches that the model keeps cannot be read ({error}): train it again"
        ) from None
    return None
