"""flawflow serve: the station, a web page and an HTTP service beside the line."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from flawflow.cli.config_file import config_option
from flawflow.cli.engine_options import engine_options
from flawflow.cli.options import LOCAL, PLACE, to_option
from flawflow.cli.serve_options import limit_options, line_options, report_options
from flawflow.errors import FlawflowError
from flawflow.server.settings import Settings

_EXTRA = frozenset(
    {
        "fastapi",
        "uvicorn",
        "httptools",
        "python_multipart",
        "sqlalchemy",
        "alembic",
        "prometheus_client",
        "starlette",
        "pydantic",
        "argon2",
    }
)


@contextlib.contextmanager
def needs_serve() -> Iterator[None]:
    """Say what to install where a package of the station is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        raise FlawflowError("the station needs a few more packages: pip install 'flawflow[serve]'") from None


def _named_paths(
    _context: click.Context, _parameter: click.Parameter, texts: tuple[str, ...]
) -> tuple[tuple[str, Path], ...]:
    pairs = [text.partition("=") for text in texts]
    if not all(name and path for name, _, path in pairs):
        raise click.BadParameter("write the model's name and its data: part=good_pictures/")
    return tuple((name, LOCAL.convert(path, None, None)) for name, _, path in pairs)


@click.command(
    "serve",
    short_help="Inspect, review and retrain in a browser.",
    context_settings={"auto_envvar_prefix": "FLAWFLOW_SERVE"},
)
@click.argument("models", nargs=-1, type=PLACE)
@click.option(
    "--data",
    type=LOCAL,
    default=Path("station"),
    show_default=True,
    help="Folder for the database, the pictures and later models.",
)
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen on; any other needs a token."
)
@click.option("--port", type=click.IntRange(0, 65535), default=8470, show_default=True, help="TCP port.")
@click.option(
    "--token",
    envvar="FLAWFLOW_TOKEN",
    show_envvar=True,
    help="Token that clients must send; 16 or more characters.",
)
@click.option("--sign-in", is_flag=True, help="Ask for a name and a password (flawflow users add).")
@click.option(
    "--login-hours",
    type=click.FloatRange(min=0, min_open=True, max=8760),
    default=12.0,
    show_default=True,
    metavar="H",
    help="How long a person stays signed in.",
)
@click.option(
    "--proxy",
    "proxies",
    multiple=True,
    metavar="NETWORK",
    help="Address or network of a proxy at which people sign in; repeatable.",
)
@click.option("--user-header", metavar="NAME", help="Header in which the proxy names the person.")
@click.option("--group-header", metavar="NAME", help="Header with their groups; flawflow-ROLE gives a role.")
@click.option(
    "--certificate",
    type=LOCAL,
    metavar="PEM",
    help="Serve TLS (https) with this certificate.",
)
@click.option("--key", type=LOCAL, metavar="PEM", help="The certificate's private key.")
@click.option(
    "--allow",
    multiple=True,
    type=LOCAL,
    metavar="FOLDER",
    help="Folder whose pictures may be inspected by path and watched; repeatable.",
)
@click.option(
    "--allow-stream",
    "allow_streams",
    multiple=True,
    metavar="HOST[:PORT]",
    help="Camera or server whose streams may be sources; repeatable.",
)
@line_options
@click.option(
    "--shift",
    "shifts",
    multiple=True,
    default=("06:00", "14:00", "22:00"),
    show_default=True,
    metavar="HH:MM",
    help="When a shift begins, in local time, for the wall and the statistics; repeatable.",
)
@report_options
@engine_options
@to_option("serve")
@click.option(
    "--trained-on",
    multiple=True,
    callback=_named_paths,
    metavar="NAME=DATA",
    help="The good pictures that model NAME was trained on; retraining uses them too.",
)
@click.option(
    "--database",
    envvar="FLAWFLOW_DATABASE",
    show_envvar=True,
    metavar="URL",
    help="postgresql+pg8000://… instead of SQLite in the data folder.",
)
@click.option(
    "--replica",
    is_flag=True,
    help="Share the record of --database with other replicas; needs --keep-pictures none.",
)
@click.option(
    "--keep-pictures",
    type=click.Choice(["all", "ng", "none"]),
    default="all",
    show_default=True,
    help="Which pictures to keep: all, NG and REVIEW, or none.",
)
@click.option(
    "--keep-days",
    type=click.IntRange(min=0),
    default=90,
    show_default=True,
    metavar="N",
    help="Delete unlabelled pictures after N days; 0 keeps them forever.",
)
@limit_options
@config_option
def command(
    *,
    token: str | None,
    sinks: tuple[str, ...],
    database: str | None,
    keep_days: int,
    report_days: int,
    **others: Any,
) -> None:
    """Serve MODELS until Ctrl-C: a page for browsers, and HTTP for programs.

    Models that are learned on the page, or put into the folder models of --data, are served, too; without any
    model the page begins with learning one.

    Every inspection is recorded in the data folder before it is answered.

    Every option may also be a variable, FLAWFLOW_SERVE_ and its name (FLAWFLOW_SERVE_PORT), or stand in the
    file of --config.
    """
    with needs_serve():
        from flawflow.server.serve import serve
    # The options are the settings, by the same names; what is empty or 0 stands for none.
    settings = Settings(
        token=token or None,
        database=database or None,
        keep_days=keep_days or None,
        report_days=report_days or None,
        to=sinks,
        **others,
    )
    for place in settings.missing:
        click.echo(f"flawflow: {place} is missing: it is read as soon as it appears", err=True)
    serve(settings, started=lambda address: click.echo(f"The station is at {address} (Ctrl-C stops it)"))
