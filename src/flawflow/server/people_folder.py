"""People of a station from outside of it, whether it runs or not."""

import contextlib
import getpass
from collections.abc import Iterator
from pathlib import Path

from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import sessionmaker

from flawflow.server.actor import ACTOR, Actor
from flawflow.server.db import Store, sqlite
from flawflow.server.db.engine import make_engine
from flawflow.server.db.migrate import configuration
from flawflow.server.db.people import PeopleTables
from flawflow.server.db.problems import database_problem
from flawflow.server.errors import StationError
from flawflow.server.folder import make_private
from flawflow.server.identity import Identity
from flawflow.server.image_store import ImageStore
from flawflow.server.lock import station_lock
from flawflow.server.security.people import People
from flawflow.server.settings import database_of
from flawflow.storage.file_lock import LockedError


@contextlib.contextmanager
def open_people(data: Path, database: str | None) -> Iterator[People]:
    """Open the people of a station, which sees within a second or two what is changed.

    Args:
        data: The station's data folder; made where it is not there yet.
        database: Its URL where it is not SQLite in this folder.

    Raises:
        StationError: The database cannot be used, or is of another flawflow.
    """
    make_private(data)
    url = database_of(data, database)
    before = ACTOR.set(Actor(f"(command line: {getpass.getuser()})"))
    try:
        with _tables(data, url) as tables:
            yield People(tables)
    except DBAPIError as error:
        raise StationError(database_problem(error, "of the station") or "the database refuses this") from None
    finally:
        ACTOR.reset(before)


@contextlib.contextmanager
def _tables(data: Path, url: str) -> Iterator[PeopleTables]:
    try:
        lock = station_lock(data)
    except LockedError:
        # It runs: its database is there, with all tables.
        yield from _beside(url)
        return
    with contextlib.ExitStack() as opened:
        opened.callback(lock.release)
        identity = Identity(data, ImageStore(data).keys())
        store = Store(url, admit=identity.admit)
        opened.callback(store.close)
        identity.settle()
        yield PeopleTables(store.reading, store.writing)


def _beside(url: str) -> Iterator[PeopleTables]:
    engine = make_engine(url)
    try:
        if engine.dialect.name == "sqlite":
            sqlite.prepare(engine)
        _require_same_tables(engine)
        yield PeopleTables(sessionmaker(engine), sessionmaker(engine.execution_options(write=True)))
    finally:
        engine.dispose()


def _require_same_tables(engine: Engine) -> None:
    head = ScriptDirectory.from_config(configuration()).get_current_head()
    with engine.connect() as connection:
        found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    if found != head:
        raise StationError("the station that runs is of another flawflow: stop it first, or use its command")
