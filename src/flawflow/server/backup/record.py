"""A copy of the record as it is at one moment, while a station writes to it."""

import os
import shutil
import sqlite3
import subprocess
import urllib.parse
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL, select
from sqlalchemy.exc import DBAPIError

from flawflow.errors import one_line
from flawflow.server.db.engine import make_engine, shown_database
from flawflow.server.db.problems import database_problem
from flawflow.server.db.tables import IdentityRow
from flawflow.server.errors import StationError
from flawflow.storage.files import SECRET_MODE

_PATIENCE_SECONDS = 20


def record_station(url: str) -> str | None:
    """Give the identity of the station whose record a database is.

    Raises:
        StationError: It cannot be read.
    """
    engine = make_engine(url)
    if engine.dialect.name == "sqlite" and not Path(str(engine.url.database)).is_file():
        # SQLite would make it.
        raise StationError(f"there is no {engine.url.database}: name the station's database with --database")
    try:
        with engine.connect() as connection:
            found: str | None = connection.scalar(select(IdentityRow.station))
            return found
    except DBAPIError as error:
        shown = shown_database(engine.url)
        raise StationError(
            database_problem(error, shown) or f"the database {shown} is not a station's database"
        ) from None
    finally:
        engine.dispose()


def copy_record(url: str, folder: Path) -> tuple[Path, str]:
    """Copy a record into a folder, under a name that the caller replaces by that which is given.

    Args:
        url: SQLAlchemy URL of the database.
        folder: Where to.

    Returns:
        The copy, and the name that it shall have: `station.db` for SQLite, `station.dump` for PostgreSQL.

    Raises:
        StationError: It cannot be read or written.
    """
    parsed = make_engine(url).url
    is_file = parsed.get_backend_name() == "sqlite"
    name = "station.db" if is_file else "station.dump"
    copy = folder / f".{name}.part"
    copy.unlink(missing_ok=True)
    # Both programs write into a file that is there, with the mode that it has.
    os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_RDWR, SECRET_MODE))
    (_copy_sqlite if is_file else _dump)(parsed, copy)
    with copy.open("rb+") as written:
        os.fsync(written.fileno())
    return copy, name


def _copy_sqlite(url: URL, copy: Path) -> None:
    source = f"file:{urllib.parse.quote(str(url.database))}?mode=rw"
    try:
        with closing(sqlite3.connect(source, uri=True, timeout=_PATIENCE_SECONDS)) as connection:
            connection.execute("VACUUM INTO ?", (str(copy),))
    except sqlite3.Error as error:
        raise StationError(
            f"the database {url.database} cannot be copied to {copy.parent} ({error})"
        ) from None


def _dump(url: URL, copy: Path) -> None:
    if shutil.which("pg_dump") is None:
        raise StationError("a backup of PostgreSQL needs its program pg_dump: install PostgreSQL's client")
    options = ["--format=custom", "--no-owner", "--file", str(copy), *_place(url)]
    # By the environment: the list of processes is for everybody to read.
    environment = {**os.environ, **({"PGPASSWORD": url.password} if url.password else {})}
    done = subprocess.run(["pg_dump", *options], env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = one_line(" ".join(done.stderr.split()))[:500]
        raise StationError(f"pg_dump cannot copy the database {shown_database(url)} ({reason})")


def _place(url: URL) -> list[str]:
    """Where the database is, as PostgreSQL's own programs are told."""
    socket = url.query.get("unix_sock")
    host, port = url.host or "localhost", url.port or 5432
    if isinstance(socket, str):
        # .s.PGSQL.5432
        host, port = str(Path(socket).parent), int(Path(socket).suffix[1:])
    options = ["--host", host, "--port", str(port), "--dbname", url.database or "postgres"]
    return [*options, "--username", url.username] if url.username else options
