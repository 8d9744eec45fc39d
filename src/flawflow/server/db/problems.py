"""Why nothing can be recorded, in a sentence for whoever sent a picture or looks after the station."""

import errno
import sqlite3

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from flawflow.errors import one_line
from flawflow.server.db.postgresql import sqlstate

_FULL = "{} is full: free some space"
_LOCKED = "{} is held by another program: end that program, or wait until it is done"
_READ_ONLY = "{} is not writable: give the station's user write access"
_DAMAGED = "{} is damaged ({}): stop the station and restore a backup"
_AWAY = "{} does not answer: every request tries again"
_UNUSABLE = "{} cannot be used ({}): check its address and permissions"

# By the beginning of the name that SQLite gives to what is wrong.
_SQLITE = {
    "SQLITE_FULL": _FULL,
    "SQLITE_BUSY": _LOCKED,
    "SQLITE_LOCKED": _LOCKED,
    "SQLITE_READONLY": _READ_ONLY,
    "SQLITE_PERM": _READ_ONLY,
    "SQLITE_CORRUPT": _DAMAGED,
    "SQLITE_NOTADB": _DAMAGED,
}
# By the beginning of PostgreSQL's SQLSTATE.
_POSTGRESQL = {
    "08": _AWAY,
    "57P": _AWAY,
    "53100": _FULL,
    "53": _AWAY,
    "55P03": _LOCKED,
    "25006": _READ_ONLY,
    "42501": _READ_ONLY,
    "XX": _DAMAGED,
}
_OS = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EROFS: _READ_ONLY,
    errno.EACCES: _READ_ONLY,
    errno.EPERM: _READ_ONLY,
}
# A value that does not fit a table is a mistake of the program, and no state of the database.
_MISTAKES = ("22", "23")


def database_problem(error: Exception, shown: str) -> str | None:
    """Say what is wrong with a database; None where it is not the database.

    Args:
        error: What reading or writing it raised.
        shown: How the database is called in the sentence.
    """
    name = f"the database {shown}"
    if isinstance(error, PoolTimeoutError):
        return _AWAY.format(name)
    if not isinstance(error, DBAPIError):
        return None
    said, state = one_line(_reason(error.orig)), sqlstate(error.orig)
    if isinstance(error.orig, sqlite3.Error):
        code = getattr(error.orig, "sqlite_errorname", "")
        if code.startswith("SQLITE_CONSTRAINT"):
            return None
        return _first(_SQLITE, code, _UNUSABLE).format(name, said)
    if state.startswith(_MISTAKES):
        return None
    return _first(_POSTGRESQL, state, _UNUSABLE if state else _AWAY).format(name, said)


def disk_problem(error: Exception) -> str | None:
    """Say why a file cannot be written; None where the error is no such one."""
    sentence = _OS.get(error.errno or 0) if isinstance(error, OSError) else None
    return sentence.format("the station's disk") if sentence else None


def _first(sentences: dict[str, str], code: str, otherwise: str) -> str:
    return next((text for start, text in sentences.items() if code.startswith(start)), otherwise)


def _reason(error: BaseException | None) -> str:
    first = error.args[0] if error is not None and error.args else error
    return str(first.get("M", first) if isinstance(first, dict) else first)[:300]
