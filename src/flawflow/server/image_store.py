"""The files of a station: pictures as they came, and masks as they were drawn."""

import os
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from flawflow.server.errors import NotFoundError
from flawflow.storage.files import write_whole

ORPHANS = "orphans"
"""The folder of pictures that no record names."""

_KEYS_PER_QUERY = 1000
# More than the record takes for a picture.
_AROUND_PICTURE = 2**16


class ImageStore:
    """Keeps files below one folder, named by random keys.

    A picture is kept byte for byte, under a name without an ending, and never handed out so: what a
    browser gets is decoded and re-encoded. It is written whole before its record.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._last_size = 0

    def keep_picture(self, key: str, content: bytes) -> None:
        """Write a picture's file; it is on the disk when this returns.

        Until its record is written nobody knows of the file, so that it needs no other name meanwhile: what a
        crash leaves behind is set aside at the next start.
        """
        path, self._last_size = self._picture(key), len(content)
        try:
            file = path.open("xb")
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = path.open("xb")
        try:
            with file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            path.unlink(missing_ok=True)
            error.filename = os.fspath(path)
            raise

    def picture(self, key: str) -> Path:
        """Give the file of a picture.

        Raises:
            NotFoundError: It is not kept (any more).
        """
        path = self._picture(key)
        if not path.is_file():
            raise NotFoundError("this picture is no longer kept")
        return path

    def keep_mask(self, key: str, png: bytes) -> None:
        """Write a mask, in place of an older one."""
        write_whole(self._mask(key), png)

    def mask(self, key: str) -> Path:
        """Give the file of a mask, PNG.

        Raises:
            NotFoundError: There is none.
        """
        path = self._mask(key)
        if not path.is_file():
            raise NotFoundError("this inspection has no mask")
        return path

    def drop_mask(self, key: str) -> None:
        """Remove a mask."""
        self._mask(key).unlink(missing_ok=True)

    def drop_pictures(self, keys: Iterable[str]) -> None:
        """Remove pictures that no record names any more."""
        for key in keys:
            self._picture(key).unlink(missing_ok=True)

    def keys(self) -> Iterator[list[str]]:
        """Give the names of all pictures, some at a time: millions are never in the memory at once."""
        return _keys(self._folder / "pictures")

    def tidy(self, kept: Callable[[Sequence[str]], Mapping[str, bool]]) -> int:
        """Bring pictures and record together, after a crash or when a backup of the record was restored.

        Pictures without a record, which a crash left between the two, are set aside in the folder `orphans`,
        and come back when a record names them. Those whose record says that they are not kept any more go.
        Nothing may be kept at the same time: a record that is on its way would lose its picture.

        Args:
            kept: Gives whether its picture is kept for those of some keys that have a record.

        Returns:
            How many pictures were set aside.
        """
        for keys in _keys(self._folder / ORPHANS):
            for key, is_kept in kept(keys).items():
                if is_kept and not self._picture(key).exists():
                    _move(self._orphan(key), self._picture(key))
        count = 0
        for keys in self.keys():
            recorded = kept(keys)
            for key in keys:
                if key not in recorded:
                    _move(self._picture(key), self._orphan(key))
                    count += 1
                elif not recorded[key]:
                    self._picture(key).unlink(missing_ok=True)
        return count

    def check(self) -> None:
        """Make sure that a picture like the last one could be kept now.

        Raises:
            OSError: It could not.
        """
        path = self._folder / f".{uuid.uuid4().hex}.part"
        try:
            # Room is reserved here and the disk left alone: whoever asks every second would wear it out.
            path.write_bytes(bytes(self._last_size + _AROUND_PICTURE))
        finally:
            path.unlink(missing_ok=True)

    def _picture(self, key: str) -> Path:
        return self._folder / "pictures" / key[:2] / key

    def _orphan(self, key: str) -> Path:
        return self._folder / ORPHANS / key[:2] / key

    def _mask(self, key: str) -> Path:
        return self._folder / "masks" / key[:2] / f"{key}.png"


def _keys(folder: Path) -> Iterator[list[str]]:
    for part in filter(Path.is_dir, folder.glob("*")):
        # Keys are ASCII; what else lies there is not the station's, and is left alone.
        keys = [path.name for path in part.iterdir() if path.name.isascii() and path.is_file()]
        for start in range(0, len(keys), _KEYS_PER_QUERY):
            yield keys[start : start + _KEYS_PER_QUERY]


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    source.replace(target)
