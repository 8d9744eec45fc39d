"""Options of `flawflow serve` that belong together."""

from collections.abc import Callable
from typing import Any

import click

from flawflow.cli.options import LOCAL
from flawflow.server.settings import Settings

Command = Callable[..., None]

_LIMITS = {
    "max_picture_bytes": "Bytes of the largest picture file.",
    "max_pixels": "Pixels of the largest picture.",
    "max_files": "Pictures of one request, at most.",
    "max_waiting": "Pictures that wait or are in work, at most.",
    "max_waiting_bytes": "Bytes that these have together, at most.",
    "max_draft_pictures": "Pictures of a product that is being learned, at most.",
    "max_draft_bytes": "Bytes that these have together, at most.",
    "rate": "Requests a second of one address, on average.",
    "max_connections": "Connections at a time, at most.",
    "max_connections_of_one": "Connections of one address, at most.",
    "workers": "Pictures that are inspected at a time.  [default: one a core]",
}


def limit_options(function: Command) -> Command:
    """Add an option for each of the station's limits."""
    for name, text in reversed(_LIMITS.items()):
        default = getattr(Settings, name)
        function = click.option(
            f"--{name.replace('_', '-')}",
            type=click.FloatRange(min=0, min_open=True) if name == "rate" else click.IntRange(min=1),
            default=default,
            show_default=default is not None,
            metavar="N",
            help=text,
        )(function)
    return function


def line_options(function: Command) -> Command:
    """Add what concerns a machine's triggers."""
    return _with(
        function,
        click.option(
            "--line",
            "lines",
            multiple=True,
            metavar="[NAME=]SOURCE",
            help="Folder, camera or stream of a machine's triggers' images; may be given several times.",
        ),
        click.option(
            "--modbus", metavar="HOST:PORT", help="Serve the lines by Modbus TCP; without a password."
        ),
        click.option("--opcua", metavar="HOST:PORT", help="Serve the lines by OPC UA (OPC 40100-1) instead."),
        click.option(
            "--take",
            type=click.Choice(["next", "newest"]),
            default="next",
            show_default=True,
            help="Image of a trigger: one that comes after it, or the newest that was not taken yet.",
        ),
        click.option(
            "--image-seconds",
            type=click.FloatRange(min=0.1, max=600),
            default=5.0,
            show_default=True,
            metavar="S",
            help="How long a trigger waits for its image.",
        ),
    )


def report_options(function: Command) -> Command:
    """Add what concerns the reports of shifts."""
    return _with(
        function,
        click.option(
            "--reports", type=LOCAL, metavar="FOLDER", help="Write the report of each shift into this folder."
        ),
        click.option(
            "--report-days",
            type=click.IntRange(min=0),
            default=90,
            show_default=True,
            metavar="N",
            help="Delete reports after N days; 0 keeps them forever.",
        ),
    )


def _with(function: Command, *options: Callable[[Any], Any]) -> Command:
    for option in reversed(options):
        function = option(function)
    return function
