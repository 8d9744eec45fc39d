"""The files of a station: pictures as they came, and masks as they were drawn."""

import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from flawflow.files import write_whole
from flawflow.station.errors import NotFoundError

_CHUNK = 1000


class Shelf:
    """Keeps files below one folder, named by random keys.

    A picture is kept byte for byte, under a name without an ending, and never handed out so: what a
    browser gets is decoded and encoded anew. It is written whole before its record.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep_picture(self, key: str, content: bytes) -> None:
        """Write a picture's file; it is on the disk when this returns.

        Until its record is written nobody knows of the file, so that it needs no other name meanwhile: what a
        crash leaves behind is removed at the next start.
        """
        path = self._picture(key)
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
            raise NotFoundError("this picture is not kept any more")
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

    def drop_orphans(self, known: Callable[[Sequence[str]], set[str]]) -> None:
        """Remove pictures without a record: a crash fell between the file and its record.

        Nothing may be kept at the same time: a record that is on its way would lose its picture.

        Args:
            known: Gives those of some keys that have a record.
        """
        for folder in (self._folder / "pictures").glob("*"):
            # Folder by folder, so that millions of names are never in the memory at once.
            keys = [path.name for path in folder.iterdir()]
            for start in range(0, len(keys), _CHUNK):
                chunk = keys[start : start + _CHUNK]
                for key in set(chunk) - known(chunk):
                    (folder / key).unlink(missing_ok=True)

    def free_bytes(self) -> int:
        """Give the free space of the disk."""
        return shutil.disk_usage(self._folder).free

    def _picture(self, key: str) -> Path:
        return self._folder / "pictures" / key[:2] / key

    def _mask(self, key: str) -> Path:
        return self._folder / "masks" / key[:2] / f"{key}.png"
