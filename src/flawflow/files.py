"""Files that are written whole or not at all."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


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
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
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
