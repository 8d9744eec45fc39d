"""Brings a database to the tables of this flawflow."""

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import Engine

from flawflow.station.errors import StationError


def configuration() -> Config:
    """Alembic's configuration: the migrations inside the package."""
    config = Config()
    config.set_main_option("script_location", "flawflow.station.record:migrations")
    config.set_main_option("path_separator", "os")
    return config


def migrate(engine: Engine) -> None:
    """Run the migrations that the database lacks, all or none.

    Raises:
        StationError: When a newer flawflow made the database.
    """
    config = configuration()
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except CommandError as error:
        if "locate revision" not in str(error):
            raise
        raise StationError(
            f"the database {engine.url.render_as_string(hide_password=True)} was made by a newer flawflow: "
            "upgrade flawflow, or name another --data folder"
        ) from None
