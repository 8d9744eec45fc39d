"""The identity that a data folder and its database share: with another, pictures would be taken for lost."""

import re
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path

from sqlalchemy import Connection, insert, select

from flawflow.server.db import Store
from flawflow.server.db.engine import shown_database
from flawflow.server.db.tables import IdentityRow, InspectionRow
from flawflow.server.errors import StationError
from flawflow.server.settings import Settings
from flawflow.storage.files import write_whole

FILE = "station.id"
"""The file with a data folder's identity."""
_CLAIM = "station.id.new"
BACKUP = "station.backup"
"""The file that tells a backup from a folder in which a station has worked since; it holds the identity."""
_KNOWN = re.compile("[0-9a-f]{32}")


class Identity:
    """What a data folder says of itself, and the check that a database says the same.

    A folder and a database without identity (new ones, or of an older flawflow) are given one. The folder
    writes what it is about to be called first, so that a crash in between is made good by the next start.
    """

    def __init__(self, folder: Path, keys: Iterable[Sequence[str]]) -> None:
        """Read the folder's identity.

        Args:
            folder: The data folder.
            keys: The names of the pictures in it, some at a time.

        Raises:
            StationError: Its file is damaged.
        """
        self._folder, self._keys = folder, keys
        self._known, self._claim = read(folder), read(folder, _CLAIM)

    def admit(self, connection: Connection) -> None:
        """Let a database in whose identity is the folder's, within the transaction of its migration.

        Raises:
            StationError: It belongs to another station, or the pictures of the folder to another database.
        """
        held = connection.scalar(select(IdentityRow.station))
        if held is None and self._known is None:
            self._begin(connection)
        elif held is None or held not in (self._known, None if self._known else self._claim):
            raise StationError(self._refusal(connection, held))

    @property
    def name(self) -> str:
        """What folder and database are called, once the database was let in."""
        name = self._known or self._claim
        assert name is not None, "no database was let in"
        return name

    def settle(self) -> None:
        """Keep the identity, once the database has it."""
        if self._known is None:
            (self._folder / _CLAIM).replace(self._folder / FILE)

    def _begin(self, connection: Connection) -> None:
        if self._holds_strangers(connection):
            raise StationError(
                f"the data folder {self._folder} holds pictures, and the database {_shown(connection)} knows "
                "none of them: name their database with --database, or move the folder's pictures away to "
                "begin with a new record"
            )
        if self._claim is None:
            self._claim = uuid.uuid4().hex
            write_whole(self._folder / _CLAIM, f"{self._claim}\n")
        connection.execute(insert(IdentityRow).values(station=self._claim))

    def _holds_strangers(self, connection: Connection) -> bool:
        """Whether there are pictures, and none of them is of this record."""
        key, found = InspectionRow.key, False
        for keys in self._keys:
            found = True
            if connection.scalar(select(key).where(key.in_(keys)).limit(1)) is not None:
                return False
        return found

    def _refusal(self, connection: Connection, held: str | None) -> str:
        file = self._folder / FILE
        folder = "is new" if self._known is None else f"belongs to station {self._known}"
        database = "is new" if held is None else f"belongs to station {held}"
        together = f"remove {file}" if held is None else f"write {held} into {file}"
        return (
            f"the data folder {self._folder} {folder} and the database {_shown(connection)} {database}: "
            "name two of one station with --data and --database, or restore both from one backup, or "
            f"{together} if they do belong together"
        )


class SharedIdentity:
    """The identity of a record that replicas share: the database's, as no folder of theirs holds pictures."""

    name = ""

    def admit(self, connection: Connection) -> None:
        """Take the database's identity, or give it one."""
        held = connection.scalar(select(IdentityRow.station))
        if held is None:
            held = uuid.uuid4().hex
            connection.execute(insert(IdentityRow).values(station=held))
        self.name = held


def open_record(settings: Settings, keys: Iterable[Sequence[str]]) -> tuple[Store, str]:
    """Open the record, if it is the one that belongs to the data folder, and give their identity.

    Args:
        settings: Name the data folder and the database.
        keys: The names of the pictures in the data folder, some at a time.

    Raises:
        StationError: It belongs to another station, or cannot be used.
    """
    if settings.replica:
        shared = SharedIdentity()
        return Store(settings.database_url, admit=shared.admit, is_replica=True), shared.name
    identity = Identity(settings.data, keys)
    store = Store(settings.database_url, admit=identity.admit)
    identity.settle()
    # What is recorded from here on is in no backup, and no backup may take its place.
    (settings.data / BACKUP).unlink(missing_ok=True)
    return store, identity.name


def _shown(connection: Connection) -> str:
    return shown_database(connection.engine.url)


def read(folder: Path, name: str = FILE) -> str | None:
    """Give the identity of a data folder; None where it has none.

    Raises:
        StationError: Its file is damaged.
    """
    path = folder / name
    try:
        text = path.read_text("ascii", errors="replace").strip()
    except FileNotFoundError:
        return None
    if _KNOWN.fullmatch(text) is None:
        raise StationError(
            f"{path} holds no identity of a station (32 hexadecimal digits): restore it from a backup, or "
            "remove it if the database of this folder has none"
        )
    return text
