"""Pictures into the folders OK, REVIEW, NG and UNREADABLE, without ever replacing one."""

import contextlib
import errno
import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from flawflow.files import beside, whole_file
from flawflow.watch.courier import RefusedError
from flawflow.watch.journal import Message

Place = Literal["copy", "move"]

UNREADABLE = "UNREADABLE"

_COPIED_AT_ONCE = 1 << 30

# What is wrong with a name, and no matter of time: too long, or a file where a folder is needed and the like.
_OF_THE_NAME = (
    errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ELOOP, errno.EINVAL, errno.EILSEQ,
)  # fmt: skip


class Placer:
    """Puts a copy of each picture into the folder of its verdict, under its path in the watched folder.

    A copy, never a link: whatever is written to the watched file later, what lies under a verdict is what was
    judged. File systems that can (Btrfs, XFS) share the space of both until one is changed.

    Where another picture has that name already (a camera that counts from 1 again), `name_ID` is taken, ID
    being the record's. Delivered again after a crash, a picture is found to be there.
    """

    name = "folder"
    at_once = 1

    def __init__(self, folder: Path, output: Path, place: Place) -> None:
        """Prepare to place; with "move" the watched file is taken away then."""
        self._folder = folder
        self._output = output
        self._place = place

    def deliver(self, messages: Sequence[Message]) -> None:
        """Place the picture of each record; see `Sink.deliver`."""
        for message in messages:
            # A file of which not even the bytes could be read cannot be placed; its record says why.
            if message.record["sha256"] is None:
                continue
            try:
                self._deliver(message)
            except OSError as error:
                if error.errno not in _OF_THE_NAME:
                    raise
                raise RefusedError(f"{error.filename} cannot be placed ({error.strerror})") from None

    def close(self) -> None:
        """Nothing is held."""

    def _deliver(self, message: Message) -> None:
        record = message.record
        sha256: str = record["sha256"]
        source = self._folder / record["path"]
        target = self._output / (record["verdict"] or UNREADABLE) / record["path"]
        if target.exists() and _digest(target) != sha256:
            target = beside(target.with_name(target.stem), f"_{message.id}{target.suffix}")
        if not target.exists():
            try:
                _put(source, target, sha256)
            except FileNotFoundError:
                raise RefusedError(_lost(source)) from None
        if self._place == "move" and source.exists() and _digest(source) == sha256:
            source.unlink()


def _put(source: Path, target: Path, sha256: str) -> None:
    with whole_file(target) as scratch:
        _copy(source, scratch)
        if _digest(scratch) != sha256:
            raise RefusedError(_lost(source))
        with contextlib.suppress(OSError):  # a time that this disk does not know
            shutil.copystat(source, scratch)


def _copy(source: Path, target: Path) -> None:
    """Copy by the kernel, which shares the space where the file system can."""
    with source.open("rb") as read, target.open("wb") as written:
        try:
            while os.copy_file_range(read.fileno(), written.fileno(), _COPIED_AT_ONCE):
                pass
        except (AttributeError, OSError):
            # Not on this system, or not between these two file systems.
            read.seek(0)
            written.seek(0)
            written.truncate()
            shutil.copyfileobj(read, written)


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _lost(source: Path) -> str:
    return f"{source} was changed or taken away before it could be placed"
