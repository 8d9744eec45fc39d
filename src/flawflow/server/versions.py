"""The versions of one model: the file that the station was started with, and those made later."""

from dataclasses import dataclass
from pathlib import Path

from flawflow.errors import ModelFileError
from flawflow.model_file import read_model
from flawflow.server.errors import NotFoundError
from flawflow.storage.files import write_whole


@dataclass(frozen=True)
class Version:
    """A version of a model.

    Attributes:
        version: 0 for the file that the station was started with; then 1, 2, …
        sha256: Hex digest of its file.
        created: When it was trained, ISO 8601.
    """

    version: int
    sha256: str
    created: str


class Versions:
    """The files of one model's versions."""

    def __init__(self, first: Path, folder: Path) -> None:
        self._first, self._folder = first, folder
        self._known: dict[tuple[int, int, int], Version] = {}

    def has(self, version: int) -> bool:
        """Whether there is such a version."""
        return version in self._numbers()

    def path(self, version: int) -> Path:
        """Give the file of a version.

        Raises:
            NotFoundError: There is none.
        """
        if not self.has(version):
            raise NotFoundError(f"{self._first.stem} has no version {version}")
        return self.file(version)

    def file(self, version: int) -> Path:
        """Give where the file of a version stands, or would."""
        return self._first if version == 0 else self._folder / f"{version}.flaw"

    def all(self) -> list[Version]:
        """Give all versions whose file can be read, the oldest first."""
        found = (self._describe(number) for number in self._numbers())
        return [version for version in found if version is not None]

    def add(self, file: Path) -> int:
        """Copy a model file as the newest version.

        Raises:
            ModelFileError: It is not a model.
        """
        content = read_model(file)
        number = self._numbers()[-1] + 1
        write_whole(self._folder / f"{number}.flaw", content.graph)
        return number

    def _numbers(self) -> list[int]:
        later = (path.stem for path in self._folder.glob("*.flaw"))
        return [
            0,
            *sorted(int(stem) for stem in later if stem.isascii() and stem.isdigit() and int(stem) > 0),
        ]

    def _describe(self, number: int) -> Version | None:
        path = self.path(number)
        try:
            state = path.stat()
            # Reading a file to its end for each listing would be a lot for large encoders.
            signature = (number, state.st_mtime_ns, state.st_size)
            if signature not in self._known:
                content = read_model(path)
                self._known[signature] = Version(number, content.sha256, content.card.created)
            return self._known[signature]
        except (OSError, ModelFileError):
            return None
