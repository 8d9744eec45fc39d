import errno
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.exc import DatabaseError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from flawflow.server.db.problems import database_problem, disk_problem


def said(error: Exception) -> str | None:
    return database_problem(DatabaseError("INSERT", None, error), "DB")


def real(path: Path, *statements: str) -> sqlite3.Error:
    """What SQLite itself raises at the last of some statements."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements[:-1]:
            connection.execute(statement)
        with pytest.raises(sqlite3.Error) as raised:
            connection.execute(statements[-1])
    return raised.value


def test_what_sqlite_says(tmp_path):
    path = tmp_path / "a.db"
    full = real(
        path, "CREATE TABLE t (x)", "PRAGMA max_page_count = 2", "INSERT INTO t VALUES (zeroblob(99999))"
    )
    assert said(full) == "the database DB is full: free some space"
    read_only = real(path, "PRAGMA query_only = 1", "INSERT INTO t VALUES (1)")
    assert "is not writable" in said(read_only)
    (tmp_path / "b.db").write_bytes(b"no database at all" * 99)
    assert "is damaged (file is not a database)" in said(real(tmp_path / "b.db", "SELECT * FROM t"))
    assert "cannot be used (no such table: gone)" in said(real(path, "SELECT * FROM gone"))
    wrong = real(path, "CREATE TABLE u (x NOT NULL)", "INSERT INTO u VALUES (NULL)")
    assert database_problem(IntegrityError("INSERT", None, wrong), "DB") is None


class RefusalError(Exception):
    """As pg8000 raises it."""

    def __init__(self, state: str, text: str = "reason") -> None:
        super().__init__({"S": "FATAL", "C": state, "M": text})


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("57P01", "the database DB does not answer: every request tries again"),
        ("57P03", "the database DB does not answer: every request tries again"),
        ("08006", "the database DB does not answer: every request tries again"),
        ("53300", "the database DB does not answer: every request tries again"),
        ("53100", "the database DB is full: free some space"),
        ("25006", "the database DB is not writable: give the station's user write access"),
        ("XX001", "the database DB is damaged (reason): stop the station and restore a backup"),
        ("28P01", "the database DB cannot be used (reason): check its address and permissions"),
        ("23505", None),
        ("22001", None),
    ],
)
def test_what_postgresql_says(state, sentence):
    assert said(RefusalError(state)) == sentence


def test_a_connection_that_broke_off_or_is_not_to_be_had():
    assert "does not answer" in said(ConnectionError("network error"))
    assert "does not answer" in database_problem(PoolTimeoutError("QueuePool limit"), "DB")
    assert database_problem(ValueError("a mistake"), "DB") is None


@pytest.mark.parametrize(
    ("number", "part"),
    [
        (errno.ENOSPC, "is full"),
        (errno.EDQUOT, "is full"),
        (errno.EROFS, "is not writable"),
        (errno.EACCES, "is not writable"),
    ],
)
def test_what_disks_say(number, part):
    assert part in disk_problem(OSError(number, "reason"))


def test_what_is_no_disk():
    assert disk_problem(FileNotFoundError(errno.ENOENT, "gone")) is None
    assert disk_problem(OSError(errno.EIO, "broken")) is None
    assert disk_problem(ValueError()) is None
