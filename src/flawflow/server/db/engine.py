"""Engines of the databases that a station takes, and how people know them."""

from typing import Any

from sqlalchemy import URL, Engine, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from flawflow.server.errors import StationError
from flawflow.storage.urls import shown_url

# For a server that has gone without a word; no query of a station takes as long.
_PATIENCE_SECONDS = 60.0


def make_engine(url: str | URL, **options: Any) -> Engine:
    """Make an engine that has not connected yet.

    Args:
        url: Of SQLite or PostgreSQL.
        options: More of SQLAlchemy's `create_engine`.

    Raises:
        StationError: The URL is none, or of another kind of database.
    """
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() not in ("sqlite", "postgresql"):
            raise StationError(
                f"{parsed.get_backend_name()} is not supported: give a sqlite or postgresql+pg8000 URL"
            )
        # Parameters stay out of errors, and so out of logs: they are names and whole maps.
        is_local = parsed.get_backend_name() == "sqlite"
        if parsed.drivername == "postgresql+pg8000":
            options["connect_args"] = {"timeout": _PATIENCE_SECONDS}
        return create_engine(parsed, pool_pre_ping=not is_local, hide_parameters=True, **options)
    except (ArgumentError, NoSuchModuleError):
        raise StationError("the database's URL cannot be read: see flawflow serve --help") from None
    except ModuleNotFoundError as error:
        raise StationError(f"the database needs the package {error.name}: pip install {error.name}") from None


def shown_database(url: URL) -> str:
    """Give a database's name for people: a file's path, or an address without a password."""
    if url.get_backend_name() == "sqlite" and url.database:
        return url.database
    return shown_url(url.render_as_string(hide_password=True))
