"""Options of a verb from a TOML file: what is neither on the command line nor in the environment."""

import tomllib
from pathlib import Path
from typing import Any

import click

from flawflow.cli.options import LOCAL


def _read(context: click.Context, _option: click.Parameter, path: Path | None) -> None:
    if path is None:
        return
    try:
        given = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise click.BadParameter(f"{path} cannot be read as TOML ({error}).") from None
    parameters = {name: one for one in context.command.params for name in _names(one) if one.name != "config"}
    values: dict[str, Any] = {}
    for key, value in given.items():
        parameter = parameters.get(key.replace("-", "_"))
        if parameter is None or isinstance(value, dict):
            known = ", ".join(dict.fromkeys(_names(one)[0] for one in parameters.values()))
            raise click.BadParameter(f"{path} has {key!r}, which is no setting; there are {known}.")
        takes_several = getattr(parameter, "multiple", False) or parameter.nargs == -1
        if isinstance(value, list) != takes_several:
            kind = "a list" if takes_several else "one value"
            raise click.BadParameter(f"{key} in {path} must be {kind}.")
        assert parameter.name is not None
        values[parameter.name] = value
    context.default_map = values


def _names(parameter: click.Parameter) -> list[str]:
    """What a file may call a parameter: as its option, or as an argument."""
    return [option.lstrip("-").replace("-", "_") for option in parameter.opts]


config_option = click.option(
    "--config",
    type=LOCAL,
    metavar="TOML",
    is_eager=True,
    expose_value=False,
    callback=_read,
    help="File with any of these settings, such as port = 80; options and variables count more.",
)
