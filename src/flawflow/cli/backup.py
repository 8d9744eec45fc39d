"""flawflow backup: a station's record and pictures, copied while it works."""

from pathlib import Path

import click

from flawflow.cli.options import LOCAL
from flawflow.cli.serve import needs_serve


@click.command("backup", short_help="Back up a station while it runs.")
@click.argument("target", type=LOCAL)
@click.option(
    "--data",
    type=LOCAL,
    default=Path("station"),
    show_default=True,
    help="The station's data folder.",
)
@click.option(
    "--database",
    envvar="FLAWFLOW_DATABASE",
    show_envvar=True,
    metavar="URL",
    help="As for flawflow serve; PostgreSQL needs pg_dump.",
)
def command(*, target: Path, data: Path, database: str | None) -> None:
    """Copy a station's database, pictures and model versions to TARGET, whether it runs or not.

    TARGET is new or empty, or the last backup of the same station: then only what is new is copied. A
    station can be started with a copy of it as its data folder.
    """
    with needs_serve():
        from flawflow.server.backup.backup import back_up

    done = back_up(data, target, database=database or None)
    for path in done.left_out:
        click.echo(f"{path} kept changing and was left out: run the backup again.", err=True)
    click.echo(f"Copied the record to {done.record}, and {done.copied:,} files ({done.same:,} were there).")
