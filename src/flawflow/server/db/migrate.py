"""Brings a database to the tables of this flawflow."""

from collections.abc import Callable

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine

from flawflow.server.db.engine import shown_database
from flawflow.server.errors import StationError


def configuration() -> Config:
    """Alembic's configuration: the migrations inside the package."""
    config = Config()
    config.set_main_option("script_location", "flawflow.server.db:migrations")
    config.set_main_option("path_separator", "os")
    return config


def migrate(engine: Engine, admit: Callable[[Connection], None]) -> None:
    """Run the migrations that the database lacks, all or none.

    Args:
        engine: Begins transactions that write.
        admit: Called at the end of the transaction; what it raises undoes the migrations.

    Raises:
        StationError: When a newer flawflow made the database.
    """
    config = configuration()
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            admit(connection)
    except CommandError as error:
        if "locate revision" not in str(error):
            raise
        raise StationError(
            f"the database {shown_database(engine.url)} was made by a newer flawflow: "
            "upgrade flawflow, or name another --data folder"
        ) from None
