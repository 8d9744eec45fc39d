"""Files that are written whole or not at all."""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

# What file systems take, in bytes.
_LONGEST_NAME = 255


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a scratch path beside `path`; move it there only when the block ends without an error.

    The move is atomic on one file system, and the scratch file is flushed to the disk before it,
    so after a crash `path` holds either its old content or all of the new.

    Args:
        path: Where the file shall stand. Its folder is created when it is missing.

    Yields:
        The scratch path to write to, in the same folder.
    """
    with errors_name(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        # Not named after `path`: a name may have 255 bytes, and this one would be longer.
        handle, name = tempfile.mkstemp(prefix=".flawflow-", suffix=".part", dir=path.parent)
    os.close(handle)
    scratch = Path(name)
    try:
        with errors_name(path):
            yield scratch
            # mkstemp makes files that only their owner may read; a result is for whoever may read the folder.
            scratch.chmod(0o666 & ~_umask())
            with scratch.open("rb+") as written:
                os.fsync(written.fileno())
            scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes | str) -> None:
    """Write `content` to `path` atomically; text is written as UTF-8."""
    with whole_file(path) as scratch:
        scratch.write_bytes(content.encode() if isinstance(content, str) else content)


def beside(path: Path, ending: str) -> Path:
    """Give `path` with something behind its name, shortened where the disk would not take a name so long.

    >>> beside(Path("a/part.flaw"), ".training").as_posix()
    'a/part.flaw.training'
    """
    name = os.fsencode(path.name)
    if len(name) + len(ending) <= _LONGEST_NAME:
        return path.with_name(path.name + ending)
    mark = f"~{hashlib.sha256(name).hexdigest()[:8]}"
    # Bytes of a character that is cut in two are dropped.
    start = name[: _LONGEST_NAME - len(mark) - len(ending)].decode("utf-8", "ignore")
    return path.with_name(f"{start}{mark}{ending}")


@contextlib.contextmanager
def errors_name(path: Path) -> Iterator[None]:
    """Let an OSError from within name `path`, which a person knows, and no scratch file or nothing."""
    try:
        yield
    except OSError as error:
        if error.errno is not None:
            error.filename, error.filename2 = os.fspath(path), None
        raise


def _umask() -> int:
    # The mask can only be read by setting it; the value is put back at once.
    mask = os.umask(0)
    os.umask(mask)
    return mask
