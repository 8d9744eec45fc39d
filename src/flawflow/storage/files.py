"""Files that are written whole or not at all."""

import contextlib
import hashlib
import os
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path

from flawflow.storage.remote import RemotePath

SECRET_MODE = 0o600
"""The mode of a file that holds a secret: for its owner alone."""

# What file systems take, in bytes.
_MAX_NAME_BYTES = 255


@contextlib.contextmanager
def whole_file(path: Path, *, mode: int = 0o666) -> Iterator[Path]:
    """Give a scratch path beside `path`; move it there only when the block ends without an error.

    The move is atomic on one file system, and the scratch file is flushed to the disk before it,
    so after a crash `path` holds either its old content or all of the new.

    Args:
        path: Where the file shall stand, or the object: a store takes one whole or not at all.
            Its folder is created when it is missing.
        mode: Who may read and write it, less what the process's umask takes away; so from the first byte.

    Yields:
        The scratch path to write to, in the same folder; for an object in one of this computer.
    """
    if isinstance(path, RemotePath):
        with _whole_object(path) as scratch:
            yield scratch
        return
    with errors_name(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        # Not named after `path`: a name may have 255 bytes, and this one would be longer. Not by mkstemp,
        # whose files are for their owner alone: here the system applies the umask, which a process can read
        # only by setting it, for all of its threads.
        scratch = path.with_name(f".flawflow-{secrets.token_hex(8)}.part")
        os.close(os.open(scratch, os.O_CREAT | os.O_EXCL | os.O_RDWR, mode))
    try:
        with errors_name(path):
            yield scratch
            with scratch.open("rb+") as written:
                os.fsync(written.fileno())
            scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)


@contextlib.contextmanager
def _whole_object(path: RemotePath) -> Iterator[Path]:
    path.require_writable()
    with tempfile.TemporaryDirectory(prefix="flawflow-") as folder:
        scratch = Path(folder, "part")
        scratch.touch(SECRET_MODE)
        yield scratch
        path.upload(scratch)


def write_whole(path: Path, content: bytes | str, *, mode: int = 0o666) -> None:
    """Write `content` to `path` atomically, as `whole_file`; text is written as UTF-8."""
    data = content.encode() if isinstance(content, str) else content
    if isinstance(path, RemotePath):
        path.write_bytes(data)
        return
    with whole_file(path, mode=mode) as scratch:
        scratch.write_bytes(data)


def beside(path: Path, ending: str) -> Path:
    """Give `path` with something behind its name, shortened where the disk would not take a name so long.

    >>> beside(Path("a/part.flaw"), ".training").as_posix()
    'a/part.flaw.training'
    """
    name = os.fsencode(path.name)
    if len(name) + len(ending) <= _MAX_NAME_BYTES:
        return path.with_name(path.name + ending)
    mark = f"~{hashlib.sha256(name).hexdigest()[:8]}"
    # Bytes of a character that is cut in two are dropped.
    start = name[: _MAX_NAME_BYTES - len(mark) - len(ending)].decode("utf-8", "ignore")
    return path.with_name(f"{start}{mark}{ending}")


def sha256_of_file(path: Path) -> str:
    """Give the SHA-256 of a file's content, in hex, without holding the content in memory."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextlib.contextmanager
def errors_name(path: Path) -> Iterator[None]:
    """Let an OSError from within name `path`, which a person knows, and no scratch file or nothing."""
    try:
        yield
    except OSError as error:
        if error.errno is not None:
            error.filename, error.filename2 = str(path), None
        raise


Signature = tuple[int, int, int]


def signature(path: Path) -> Signature | None:
    """Give what changes when a file is written or replaced; None where it is not there."""
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_mtime_ns, state.st_size, state.st_ino
