"""What layouts share that list their files."""

from dataclasses import fields
from pathlib import Path
from typing import Any

from flawflow.errors import DatasetError
from flawflow.storage.paths import joined
from flawflow.typed import parse


def existing(root: Path, name: str | None, where: str) -> Path:
    """The file that a list names.

    Args:
        root: What its names count from.
        name: As the list has it.
        where: The place in the list, for the message.

    Raises:
        DatasetError: There is no such file.
    """
    path = joined(root, name or "")
    if not name or not path.is_file():
        raise DatasetError(f"{where} names a file that does not exist ({name!r}): names count from {root}.")
    return path


def members(kind: type[Any], value: Any) -> Any:
    """Read what JSON gave as a dataclass; what it does not know is skipped.

    Raises:
        FieldError: A member is missing or has another type.
        TypeError: It is no object.
        ValueError: Likewise.
    """
    names = {field.name for field in fields(kind)}
    return parse(kind, {name: member for name, member in dict(value).items() if name in names})
