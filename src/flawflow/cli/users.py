"""flawflow users: who may sign in at a station."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from flawflow.cli.serve import needs_serve
from flawflow.server.security.roles import ROLES, Role

if TYPE_CHECKING:
    from flawflow.server.security.people import People

Command = TypeVar("Command", bound=Callable[..., None])


@click.group("users", no_args_is_help=False, short_help="Say who may sign in at a station.")
def command() -> None:
    """Add people to a station, change them, and give them tokens, whether the station runs or not.

    Once one was added, everybody has to sign in. Each change stands in the station's audit log.
    """


def _station_options(function: Command) -> Command:
    for option in (
        click.option(
            "--database",
            envvar="FLAWFLOW_DATABASE",
            show_envvar=True,
            metavar="URL",
            help="As for flawflow serve.",
        ),
        click.option(
            "--data",
            type=click.Path(path_type=Path),
            default=Path("station"),
            show_default=True,
            help="The station's data folder.",
        ),
    ):
        function = option(function)
    return function


_password_option = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input instead of asking for it."
)


@contextlib.contextmanager
def _people(data: Path, database: str | None) -> "Iterator[People]":
    with needs_serve():
        from flawflow.server.people_folder import open_people
    with open_people(data, database or None) as people:
        yield people


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    asked: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return asked


@command.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), default="operator", show_default=True)
@click.option("--no-password", is_flag=True, help="For a person who signs in at a trusted proxy only.")
@_password_option
@_station_options
def add(*, name: str, role: Role, no_password: bool, password_stdin: bool, **place: Any) -> None:
    """Add NAME; the password is asked for."""
    name = name.lower()
    with _people(**place) as people:
        password = None if no_password else _password(from_stdin=password_stdin)
        people.add(name, role=role, password=password)
    click.echo(f"{name} may sign in as {role}.")


@command.command("change")
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), help="What the person may do from now on.")
@click.option("--active/--inactive", default=None, help="Let the person in, or not any more.")
@click.option("--password", "new_password", is_flag=True, help="Ask for a new password; logins end.")
@_password_option
@_station_options
def change(
    *,
    name: str,
    role: Role | None,
    active: bool | None,
    new_password: bool,
    password_stdin: bool,
    **place: Any,
) -> None:
    """Change NAME's role or password, or shut the person out."""
    password = _password(from_stdin=password_stdin) if new_password or password_stdin else None
    with _people(**place) as people:
        people.change(name.lower(), role=role, active=active, password=password)
    click.echo(f"{name.lower()} is changed.")


@command.command("token")
@click.argument("name")
@click.argument("purpose")
@click.option("--role", type=click.Choice(ROLES), default="operator", show_default=True)
@click.option(
    "--days", type=click.IntRange(0, 3650), default=365, show_default=True, help="0 for no end by itself."
)
@_station_options
def token(*, name: str, purpose: str, role: Role, days: int, **place: Any) -> None:
    """Print a token for PURPOSE with which a program acts for NAME; nothing shows it again."""
    expires = datetime.now(UTC) + timedelta(days=days) if days else None
    with _people(**place) as people:
        _, text = people.add_token(name.lower(), purpose[:64], role=role, expires=expires)
    click.echo(text)


@command.command("list")
@_station_options
def list_users(**place: Any) -> None:
    """List everybody, with role and state."""
    with _people(**place) as people:
        for user in people.all():
            state = "" if user.active else ", inactive"
            click.echo(f"{user.name}: {user.role}{state}")
