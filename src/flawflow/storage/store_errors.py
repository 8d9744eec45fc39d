"""What a store's package raises, as an error of the system: who reads files handles it as theirs."""

import errno
import re

from flawflow.storage.urls import shown_url

_URL = re.compile(r"\w+://[^\s'\"<>]+")
_KINDS: dict[type[OSError], tuple[int, str]] = {
    FileNotFoundError: (errno.ENOENT, "there is no such object"),
    PermissionError: (errno.EACCES, "denied"),
    OSError: (errno.EIO, ""),
}


def as_os_error(error: Exception, place: str) -> OSError:
    """Give the system's error for one of a store's package.

    Args:
        error: Of fsspec, s3fs, gcsfs, adlfs, or of what they use.
        place: What it is about, as it may be shown.
    """
    kind = _kind(error)
    number, plain = _KINDS[kind]
    return kind(number, _reason(error, kind, plain), place)


def _kind(error: Exception) -> type[OSError]:
    status = getattr(error, "status", None)
    if isinstance(error, FileNotFoundError) or status == 404:
        return FileNotFoundError
    if isinstance(error, PermissionError) or status in (401, 403) or "Credentials" in type(error).__name__:
        return PermissionError
    return OSError


def _reason(error: Exception, kind: type[OSError], plain: str) -> str:
    """One line that says why, with masked addresses: some packages' errors hold signed ones."""
    if kind is FileNotFoundError:
        return plain
    said = str(getattr(error, "strerror", None) or getattr(error, "message", None) or error)
    said = _URL.sub(lambda match: shown_url(match[0]), " ".join(said.split())) or type(error).__name__
    return f"{plain}: {said}" if plain else said
