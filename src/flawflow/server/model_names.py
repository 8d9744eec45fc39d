"""What the models of a station are called, and where those stand that it learned itself."""

import logging
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from flawflow.errors import FlawflowError, one_line
from flawflow.storage.files import Signature, signature

_NAME = re.compile(r"[A-Za-z0-9._-]{1,200}")

_log = logging.getLogger("flawflow.server")


def named(paths: Sequence[Path]) -> dict[str, Path]:
    """Name model files.

    Raises:
        FlawflowError: A name is none, or two are the same.
    """
    found: dict[str, Path] = {}
    for path in paths:
        if not _NAME.fullmatch(path.stem):
            raise FlawflowError(
                f"{path}: a model of a station is named by letters, digits, '.', '_' and '-': rename the file"
            )
        if path.stem in found:
            raise FlawflowError(f"{found[path.stem]} and {path} have one name: rename one of the files")
        found[path.stem] = path
    return found


class OwnModels:
    """The folder of models that the station learned, or that somebody put there while it runs."""

    def __init__(self, data: Path) -> None:
        """Look at nothing yet.

        Args:
            data: The station's data folder.
        """
        self._folder = data / "models"
        self._refused: dict[Path, Signature | None] = {}

    def path(self, name: str) -> Path:
        """Give where the file of a model stands, or would."""
        return self._folder / f"{name}.flaw"

    def new(self, known: Collection[str]) -> Iterator[Path]:
        """Give the files of models that are not known yet; one that was refused when it has changed."""
        for path in sorted(self._folder.glob("*.flaw")):
            if path.stem not in known and self._refused.get(path) != signature(path):
                if _NAME.fullmatch(path.stem):
                    yield path
                else:
                    self.refuse(path, FlawflowError("a model is named by letters, digits, '.', '_' and '-'"))

    def refuse(self, path: Path, error: FlawflowError) -> None:
        """Remember that a file is none; half-written, most likely, and its next change is another chance."""
        self._refused[path] = signature(path)
        _log.warning("%s is not loaded (%s)", path, one_line(str(error)))
