"""The command line: one short file per command, loaded when it is asked for."""

import click

from flawflow import __version__
from flawflow.cli.group import VerbGroup


@click.group(cls=VerbGroup)
@click.version_option(__version__, prog_name="flawflow", message="%(prog)s %(version)s")
def main() -> None:
    """Learn what a good part looks like from good pictures alone; show where a new one is wrong."""
