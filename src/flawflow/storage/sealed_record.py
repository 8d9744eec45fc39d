"""Small results as JSON files that notice damage: a flipped bit may be another digit."""

import hashlib
import json
from pathlib import Path
from typing import Any, TypeVar

from flawflow.storage.files import write_whole
from flawflow.typed import FieldError, parse, to_plain

T = TypeVar("T")
_CHECKSUM = "sha256"


def write_record(path: Path, record: Any) -> None:
    """Write a dataclass of what JSON knows, whole or not at all, with its checksum."""
    content = to_plain(record)
    sealed = {**content, _CHECKSUM: _checksum(content)}
    write_whole(path, json.dumps(sealed, indent=1, allow_nan=False) + "\n")


def read_record(kind: type[T], path: Path) -> T | None:
    """Read what `write_record` wrote; None where there is nothing, or it is damaged or of another version."""
    try:
        content = json.loads(path.read_text("utf-8"))
        checksum = content.pop(_CHECKSUM)
        record: T = parse(kind, content)
    except (OSError, ValueError, KeyError, AttributeError, TypeError, RecursionError, FieldError):
        return None
    return record if _checksum(content) == checksum else None


def _checksum(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
