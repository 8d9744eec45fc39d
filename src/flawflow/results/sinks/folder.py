"""Pictures into the folders OK, REVIEW, NG and UNREADABLE, without ever replacing one."""

import contextlib
import errno
import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flawflow.results.sinks.contract import FileTransfer, RefusedError, Result, Setting, Sink
from flawflow.storage.files import beside, sha256_of_file, whole_file

UNREADABLE = "UNREADABLE"

_COPY_BLOCK_BYTES = 1 << 30

# What is wrong with a name, and no matter of time: too long, or a file where a folder is needed and the like.
_OF_THE_NAME = (
    errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ELOOP, errno.EINVAL, errno.EILSEQ,
)  # fmt: skip


def open_folder(setting: Setting, _address: str) -> Sink:
    """Open the folders of the verdicts."""
    return VerdictFolders(setting.pictures, setting.output, setting.place)


class VerdictFolders(Sink):
    """Puts a copy of each picture into the folder of its verdict, under its path below the pictures' folder.

    A copy, never a link: whatever is written to the picture's file later, what lies under a verdict is what
    was judged. File systems that can (Btrfs, XFS) share the space of both until one is changed.

    Where another picture has that name already (a camera that counts from 1 again), `name_ID` is taken, ID
    being the record's. Delivered again after a crash, a picture is found to be there.
    """

    name = "folder"

    def __init__(self, pictures: Path, output: Path, place: FileTransfer) -> None:
        """Prepare to place.

        Args:
            pictures: The folder that holds the pictures; results name their files below it.
            output: Where the folders of the verdicts are made.
            place: With "move" the picture's file is taken away when it has been placed.
        """
        self._pictures = pictures
        self._output = output
        self._place = place

    def prepare(self, result: Result, picture: NDArray[np.uint8]) -> Result:
        """Take the digest of the file that was judged; see `Sink.prepare`."""
        del picture
        if result.file is None or result.record.sha256 is not None:
            return result
        digest = sha256_of_file(self._pictures / result.file)
        return replace(result, record=replace(result.record, sha256=digest))

    def deliver(self, results: Sequence[Result]) -> None:
        """Place the picture of each record; see `Sink.deliver`."""
        for result in results:
            # A file of which not even the bytes could be read cannot be placed; its record says why.
            if result.file is None or result.record.sha256 is None:
                continue
            try:
                self._deliver(result, result.file, result.record.sha256)
            except OSError as error:
                if error.errno not in _OF_THE_NAME:
                    raise
                raise RefusedError(f"{error.filename} cannot be placed ({error.strerror})") from None

    def _deliver(self, result: Result, file: str, sha256: str) -> None:
        source = self._pictures / file
        target = self._output / (result.record.verdict or UNREADABLE) / file
        if target.exists() and sha256_of_file(target) != sha256:
            target = beside(target.with_name(target.stem), f"_{result.record.id}{target.suffix}")
        if not target.exists():
            try:
                _put(source, target, sha256)
            except FileNotFoundError:
                raise RefusedError(_lost(source)) from None
        if self._place == "move" and source.exists() and sha256_of_file(source) == sha256:
            source.unlink()


def _put(source: Path, target: Path, sha256: str) -> None:
    with whole_file(target) as scratch:
        _copy(source, scratch)
        if sha256_of_file(scratch) != sha256:
            raise RefusedError(_lost(source))
        with contextlib.suppress(OSError):  # a time that this disk does not know
            shutil.copystat(source, scratch)


def _copy(source: Path, target: Path) -> None:
    """Copy by the kernel, which shares the space where the file system can."""
    with source.open("rb") as read, target.open("wb") as written:
        try:
            while os.copy_file_range(read.fileno(), written.fileno(), _COPY_BLOCK_BYTES):
                pass
        except (AttributeError, OSError):
            # Not on this system, or not between these two file systems.
            read.seek(0)
            written.seek(0)
            written.truncate()
            shutil.copyfileobj(read, written)


def _lost(source: Path) -> str:
    return f"{source} was changed or taken away before it could be placed"
