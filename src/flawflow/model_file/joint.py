"""Many models in one file: what they have in common is there once.

    {1: "flawflow joint 1"} {2: a tensor}… {3: a product}… {4: flows} {5: routing} {6: its graph} {15: sha256}

A product is a name, a card, and its graph without tensors, each of which it names by its number in the file
(`flawflow.model_file.skeleton`). Tensors of equal content are one, so that the encoder and the flows, which
all products share, are there once without anybody saying what they are. `FILE#NAME` names one product
wherever a model file can be named, and what is read then is a model like any other: its graph is checked as
that of any file is.
"""

import contextlib
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flawflow.errors import ModelFileError, did_you_mean
from flawflow.model_file.card import Card
from flawflow.model_file.protobuf import ProtobufError, delimited, fields
from flawflow.model_file.skeleton import TensorPool, assembled
from flawflow.storage.files import write_whole
from flawflow.typed import parse, to_plain

SEPARATOR = "#"
"""Between a file's name and a product's."""

AUTO = "auto"
"""In place of a product's name: each picture's own."""

_MAGIC = b"flawflow joint 1"
_MARK, _TENSOR, _PRODUCT, _FLOWS, _ROUTING, _ROUTER, _CHECKSUM = 1, 2, 3, 4, 5, 6, 15
_NAME, _CARD, _SKELETON = 1, 2, 3
_HEAD = delimited(_MARK, _MAGIC)
_CHECKSUM_BYTES = len(delimited(_CHECKSUM, bytes(64)))


@dataclass(frozen=True, kw_only=True)
class Appearance:
    """How a product's pictures look as a whole (`flawflow.inspection.routing`); numbers as base64 of float32.

    Attributes:
        mean: (D,).
        deviation: (D,).
        directions: (R, D).
        variances: (R,).
        rest: The variance along all other directions.
        held_out: (N, D), of good pictures that the others were not learned from.
    """

    mean: str
    deviation: str
    directions: str
    variances: str
    rest: float
    held_out: str


@dataclass(frozen=True, kw_only=True)
class Routing:
    """What tells products apart by their pictures.

    Attributes:
        graph: Measures pictures, a serialised ONNX ModelProto.
        products: How those of each product look, by its name.
    """

    graph: bytes = field(repr=False)
    products: Mapping[str, Appearance] = field(repr=False)


class JointFile:
    """The content of a file of many models.

    Attributes:
        tensors: As of `TensorPool`.
        products: Each as it is stored, by its name, in the file's order.
        flows: What they share and further products need, as `flawflow.training.shared_flows` keeps it.
    """

    def __init__(self, content: bytes) -> None:
        """Take a file's content, whose beginning `is_joint`.

        Raises:
            ModelFileError: It is damaged; the message is the rest of a sentence about the file.
        """
        body = memoryview(content)[:-_CHECKSUM_BYTES]
        digest = hashlib.sha256(body).hexdigest().encode()
        if content[len(body) :] != delimited(_CHECKSUM, digest):
            raise ModelFileError(
                "is damaged, cut short or was changed after flawflow wrote it: take a good copy of the file"
            )
        with _as_model_errors():
            parts = [(part.number, part.value) for part in fields(body) if not isinstance(part.value, int)]
            self.tensors = [value for number, value in parts if number == _TENSOR]
            self.products = {
                bytes(_only(value, _NAME)).decode(): value for number, value in parts if number == _PRODUCT
            }
            self._rest = {number: value for number, value in parts if number in (_FLOWS, _ROUTING, _ROUTER)}
        self.flows = bytes(self._rest.get(_FLOWS, b""))

    @property
    def names(self) -> tuple[str, ...]:
        """The products' names."""
        return tuple(self.products)

    def model(self, name: str) -> tuple[bytes, Card]:
        """The graph of a product, a serialised ONNX ModelProto, and its card.

        Raises:
            ModelFileError: There is none of this name; the message is the rest of a sentence about the file.
        """
        product = self._product(name)
        with _as_model_errors():
            graph = assembled(_only(product, _SKELETON), self.tensors)
        return graph, self.card(name)

    def card(self, name: str) -> Card:
        """The card of a product; raises as `model` does."""
        product = self._product(name)
        with _as_model_errors():
            text = bytes(_only(product, _CARD))
        return Card.from_json(text)

    def _product(self, name: str) -> memoryview:
        if name not in self.products:
            hint = did_you_mean(name, self.names, f"there are {', '.join(self.names)}.")
            raise ModelFileError(f"has no product {name!r}: {hint}")
        return self.products[name]

    def routing(self) -> Routing | None:
        """What tells the products apart; None where nothing does."""
        if not {_ROUTING, _ROUTER} <= self._rest.keys():
            return None
        with _as_model_errors():
            products = parse(Mapping[str, Appearance], json.loads(bytes(self._rest[_ROUTING])))
            return Routing(graph=assembled(self._rest[_ROUTER], self.tensors), products=products)


def is_joint(content: bytes) -> bool:
    """Whether a file's content is that of many models."""
    return content.startswith(_HEAD)


def named_product(path: Path) -> tuple[Path, str]:
    """The file that a path names, and the product in it; an empty name for none."""
    name, separator, product = path.name.rpartition(SEPARATOR)
    if not separator or not name or path.exists():
        return path, ""
    return path.with_name(name), product


def write_joint(
    path: Path,
    models: Mapping[str, tuple[bytes, Card]],
    *,
    flows: bytes,
    routing: Routing | None = None,
    beside: JointFile | None = None,
) -> None:
    """Write many models, whole or not at all.

    Args:
        path: Where the file shall stand.
        models: Graph and card of each product, by its name.
        flows: What they share, for further products.
        routing: What tells them apart.
        beside: A file whose products stand in the new one, too, as they are.
    """
    pool = TensorPool(() if beside is None else beside.tensors)
    products: list[bytes | memoryview] = [] if beside is None else [*beside.products.values()]
    products += [
        delimited(_NAME, name.encode())
        + delimited(_CARD, card.to_json().encode())
        + delimited(_SKELETON, pool.skeleton(graph))
        for name, (graph, card) in models.items()
    ]
    rest = [delimited(_FLOWS, flows)]
    if routing is not None:
        rest.append(delimited(_ROUTING, json.dumps(to_plain(routing.products), allow_nan=False).encode()))
        rest.append(delimited(_ROUTER, pool.skeleton(routing.graph)))
    parts = [
        _HEAD,
        *(delimited(_TENSOR, bytes(tensor)) for tensor in pool.tensors),
        *(delimited(_PRODUCT, bytes(product)) for product in products),
        *rest,
    ]
    body = b"".join(parts)
    write_whole(path, body + delimited(_CHECKSUM, hashlib.sha256(body).hexdigest().encode()))


def _only(message: memoryview, number: int) -> memoryview:
    for part in fields(message):
        if part.number == number and not isinstance(part.value, int):
            return part.value
    raise ProtobufError(f"field {number} is missing")


@contextlib.contextmanager
def _as_model_errors() -> Iterator[None]:
    """Content that is no message of this kind is that of a damaged file."""
    try:
        yield
    except (ProtobufError, ValueError) as error:
        raise ModelFileError(
            f"has a valid checksum but is not a file of flawflow models ({error}); train it again"
        ) from None
