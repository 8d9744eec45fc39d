"""The `.flaw` file: one valid ONNX file that carries its card and a seal.

    graph bytes | metadata_props {flawflow.card: JSON} | metadata_props {flawflow.seal: sha256}

Serialised protobuf messages merge by being put one after the other, so the two entries simply follow
the graph, and any ONNX tool opens the file. The seal is the digest of every byte before its entry; it
is checked first, so that a damaged file is refused before any parser sees it. It shows damage, not
who wrote the file. A file cannot run code or reach for other files: graphs that keep tensors outside
of themselves are refused, and so are loops, branches and functions, which no detector needs and a few of
which can keep a machine busy for ever.
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from flawflow.errors import ModelFileError
from flawflow.model_file.card import Card
from flawflow.model_file.foreign import refuse_foreign
from flawflow.model_file.joint import SEPARATOR, JointFile, is_joint, named_product
from flawflow.model_file.protobuf import Field, ProtobufError, delimited, fields
from flawflow.storage.files import write_whole

# A protobuf message, and so an ONNX file without external data, ends here.
MAX_MODEL_BYTES = 2**31 - 1

_CARD_KEY = b"flawflow.card"
_CHECKSUM_KEY = b"flawflow.seal"
_GRAPH, _METADATA = 7, 14


def _entry(key: bytes, value: bytes) -> bytes:
    """One serialised entry of ModelProto.metadata_props."""
    return delimited(_METADATA, delimited(1, key) + delimited(2, value))


_CHECKSUM_BYTES = len(_entry(_CHECKSUM_KEY, bytes(64)))


@dataclass(frozen=True)
class ModelFile:
    """A model file's content, checked.

    Attributes:
        graph: The whole file: a serialised ONNX ModelProto with input `images` uint8 (B, H, W, 3) RGB
            and outputs `anomaly_map` float32 (B, H, W) and `pred_score` float32 (B,).
        card: What the file says about its graph.
        sha256: Hex digest of the whole file.
    """

    graph: bytes = field(repr=False)
    card: Card
    sha256: str


def write_model(path: Path, graph: bytes, card: Card) -> None:
    """Write a model file, whole or not at all.

    Args:
        path: Where the file shall stand.
        graph: Serialised ONNX ModelProto that holds all its tensors itself.
        card: What to say about it.

    Raises:
        ModelFileError: When the graph is no ONNX model, keeps tensors in other files, holds loops, branches
            or functions, carries a card already, or is larger than 2 GiB.
    """
    try:
        model = list(fields(memoryview(graph)))
        if not any(part.number == _GRAPH for part in model):
            raise ProtobufError("no graph in it")
        if any(_key(part).startswith(b"flawflow.") for part in model):
            raise ModelFileError(f"{path}: the graph already carries a card; use replace_card")
        refuse_foreign(path, memoryview(graph))
    except ProtobufError as error:
        raise ModelFileError(f"{path}: the graph to write is not an ONNX model ({error})") from None
    content = _sealed(graph, card)
    if len(content) > MAX_MODEL_BYTES:
        raise ModelFileError(f"{path}: {_too_large(len(content))}; take a smaller encoder")
    write_whole(path, content)


def read_model(path: Path) -> ModelFile:
    """Read a model file and check it before anything parses it.

    Args:
        path: The file, or `FILE#PRODUCT` for one of many in a file (`flawflow.model_file.joint`).

    Raises:
        ModelFileError: When the file is missing, empty, too large, foreign, damaged, or made by a newer
            flawflow, or when its graph keeps tensors in other files or holds loops, branches or functions;
            when it holds many products, and none of them is named, or one that it does not hold.
    """
    found = read_any(path)
    if isinstance(found, ModelFile):
        return found
    file, _ = named_product(path)
    raise ModelFileError(
        f"{file} holds {len(found.names)} products: name one, as {file.name}{SEPARATOR}{found.names[0]}; "
        f"there are {', '.join(found.names)}"
    )


def read_joint(path: Path) -> JointFile:
    """Read a file of many models; each is checked when it is asked for.

    Raises:
        ModelFileError: As of `read_model`, or the file holds one model.
    """
    found = read_any(path)
    if isinstance(found, JointFile):
        return found
    raise ModelFileError(f"{path} is one model: give a file that flawflow fleet train --joint wrote")


def read_any(path: Path) -> ModelFile | JointFile:
    """Read what a path names: a model, or many where it names no product of them.

    Raises:
        ModelFileError: As of `read_model`.
    """
    file, product = named_product(path)
    content = _read(file)
    if not is_joint(content):
        if product:
            raise ModelFileError(f"{file} holds one model and no products: leave out {SEPARATOR}{product}")
        return _checked(path, content)
    try:
        joint = JointFile(content)
        if not product:
            return joint
        graph, card = joint.model(product)
    except ModelFileError as error:
        raise ModelFileError(f"{file} {error}") from None
    return _checked(path, _sealed(graph, card))


def _checked(path: Path, content: bytes) -> ModelFile:
    body = memoryview(content)[:-_CHECKSUM_BYTES]
    digest = hashlib.sha256(body)
    if content[len(body) :] != _entry(_CHECKSUM_KEY, digest.hexdigest().encode()):
        raise ModelFileError(f"{path} {_why_no_checksum(content)}")
    digest.update(content[len(body) :])
    try:
        card = _card_entry(body)
        if card is None:
            raise ProtobufError("its card is not where it belongs")
        refuse_foreign(path, body)
    except ProtobufError as error:
        raise ModelFileError(
            f"{path} has a valid checksum but is not a flawflow model ({error}); train it again"
        ) from None
    try:
        return ModelFile(graph=content, card=Card.from_json(card), sha256=digest.hexdigest())
    except ModelFileError as error:
        raise ModelFileError(f"{path}: {error}") from None


def _sealed(graph: bytes, card: Card) -> bytes:
    body = graph + _entry(_CARD_KEY, card.to_json().encode())
    return body + _entry(_CHECKSUM_KEY, hashlib.sha256(body).hexdigest().encode())


def replace_card(source: Path, target: Path, card: Card) -> None:
    """Copy a model file with another card; the graph's bytes stay as they are.

    Args:
        source: The model file to read.
        target: Where to write; may be `source`.
        card: The new card.

    Raises:
        ModelFileError: As of `read_model`.
    """
    write_model(target, graph_alone(read_model(source)), card)


def graph_alone(model: ModelFile) -> bytes:
    """The graph of a model file without its card and seal, as `write_model` takes it."""
    *_, card_entry, _ = fields(memoryview(model.graph))
    return model.graph[: card_entry.start]


def _read(path: Path) -> bytes:
    try:
        # Asked first: a device may be read without end, and a pipe waited for.
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise ModelFileError(f"{path} cannot be read (a device or pipe): give a .flaw model file")
        size = path.stat().st_size
        if size > MAX_MODEL_BYTES:
            raise ModelFileError(f"{path} is not a flawflow model: {_too_large(size)}")
        content = path.read_bytes()
    except FileNotFoundError:
        raise ModelFileError(f"{path} does not exist: give the path of a .flaw model file") from None
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read ({error.strerror}): give a .flaw model file") from None
    if not content:
        raise ModelFileError(f"{path} is empty: take a good copy of the model file")
    return content


def _too_large(size: int) -> str:
    return f"it has {size} bytes, and an ONNX file may have at most {MAX_MODEL_BYTES} (2 GiB)"


def _key(part: Field) -> bytes:
    """The key of a field of ModelProto if the field is a metadata_props entry, else nothing."""
    if part.number != _METADATA or isinstance(part.value, int):
        return b""
    return next(
        (bytes(f.value) for f in fields(part.value) if f.number == 1 and not isinstance(f.value, int)), b""
    )


def _card_entry(body: memoryview) -> bytes | None:
    """The card's JSON if exactly one entry of flawflow's is there and it is the last field."""
    parts = list(fields(body))
    if [part for part in parts if _key(part).startswith(b"flawflow.")] != parts[-1:]:
        return None
    entry = parts[-1].value if parts else 0
    if isinstance(entry, int) or _key(parts[-1]) != _CARD_KEY:
        return None
    return next(
        (bytes(f.value) for f in fields(entry) if f.number == 2 and not isinstance(f.value, int)), None
    )


def _why_no_checksum(content: bytes) -> str:
    """What is wrong with a file whose seal is missing or broken, and the way out."""
    damaged = "is damaged, cut short or was changed after flawflow wrote it: take a good copy of the file"
    if _CARD_KEY in content or _CHECKSUM_KEY in content:
        return damaged
    try:
        numbers = {part.number for part in fields(memoryview(content))}
    except ProtobufError:
        numbers = set()
    if {1, _GRAPH} <= numbers:
        return "is an ONNX model but not made by flawflow: train one with flawflow"
    return f"is not a flawflow model, or {damaged}"
