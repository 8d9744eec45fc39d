"""Pictures into the folders OK, REVIEW, NG and UNREADABLE, without ever replacing one."""

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from flawflow.errors import WatchError
from flawflow.files import whole_file
from flawflow.watch.courier import RefusedError
from flawflow.watch.journal import Message

Place = Literal["link", "copy", "move"]

UNREADABLE = "UNREADABLE"

# What the other of two file systems answers, or one that has no hard links.
_NO_LINK = (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS)


class Placer:
    """Puts each picture into the folder of its verdict, under the path that it has in the watched folder.

    Where another picture has that name already (a camera that counts from 1 again), `name_ID` is taken, ID
    being the record's. Delivered again after a crash, a picture is found to be there.
    """

    name = "folder"
    at_once = 1

    def __init__(self, folder: Path, output: Path, place: Place) -> None:
        """Prepare to place.

        Raises:
            WatchError: Hard links are asked for where there can be none.
        """
        self._folder = folder
        self._output = output
        self._place = place
        if place == "link":
            _check_links(folder, output)

    def deliver(self, messages: Sequence[Message]) -> None:
        """Place the picture of each record; see `Sink.deliver`."""
        for message in messages:
            # A file of which not even the bytes could be read cannot be placed; its record says why.
            if message.record["sha256"] is not None:
                self._deliver(message)

    def close(self) -> None:
        """Nothing is held."""

    def _deliver(self, message: Message) -> None:
        record = message.record
        sha256: str = record["sha256"]
        source = self._folder / record["path"]
        target = self._output / (record["verdict"] or UNREADABLE) / record["path"]
        if target.exists() and _digest(target) != sha256:
            target = target.with_name(f"{target.stem}_{message.id}{target.suffix}")
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._put(source, target, sha256)
            except FileNotFoundError:
                raise RefusedError(_lost(source)) from None
        if self._place == "move" and source.exists() and _digest(source) == sha256:
            source.unlink()

    def _put(self, source: Path, target: Path, sha256: str) -> None:
        if self._place == "copy" or not _linked(source, target, needed=self._place == "link"):
            with whole_file(target) as scratch:
                shutil.copyfile(source, scratch)
                shutil.copystat(source, scratch)
                if _digest(scratch) != sha256:
                    raise RefusedError(_lost(source))
        elif _digest(target) != sha256:
            target.unlink()
            raise RefusedError(_lost(source))


def _linked(source: Path, target: Path, *, needed: bool) -> bool:
    """Make a hard link; False where the file system has none and it is not needed."""
    try:
        os.link(source, target)
    except OSError as error:
        if needed or error.errno not in _NO_LINK:
            raise
        return False
    return True


def _check_links(folder: Path, output: Path) -> None:
    output.mkdir(parents=True, exist_ok=True)
    try:
        # Hidden, so that nobody who looks into the folder takes it for a picture.
        with tempfile.NamedTemporaryFile(prefix=".flawflow", dir=folder) as trial:
            target = output / Path(trial.name).name
            os.link(trial.name, target)
            target.unlink()
    except OSError as error:
        raise WatchError(
            f"hard links from {folder} to {output} are not possible ({error.strerror}): use --place copy or "
            "--place move"
        ) from None


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _lost(source: Path) -> str:
    return f"{source} was changed or taken away before it could be placed"
