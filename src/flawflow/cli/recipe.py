"""A recipe by options of the command line: their choices, types and defaults are the recipe's."""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, get_args, get_origin, get_type_hints

import click

from flawflow.cli.options import LOCAL, parse_size
from flawflow.recipe import PRESETS, Recipe
from flawflow.recipe.options import FLOWS
from flawflow.recipe.registry import detector_names
from flawflow.recipe.text import setting
from flawflow.recipe.tiling import TileMode

_HELP: Mapping[str, str] = {
    "encoder": "Frozen backbone: lite0, resnet18, … or any of timm.",
    "weights": "The encoder's weights (.safetensors or .pth), or hub to download them.",
    "size": "Input size in pixels; a side: its square, or as many pixels in long pictures' proportions.",
    "every": "Train on every Nth frame of a video.",
    "detector": "Detector after the encoder; all but cflow are baselines.",
    "seed": "Seed of every random choice.",
    "calibration": "How thresholds are calibrated: on 15 % held out (split), or on all pictures with four "
    "trainings (cross); auto takes cross below 124 pictures.",
    "roi": "Region of interest: a mask of one of the pictures in which what is not black counts, or a "
    "model (.flaw) whose region is taken.",
    "ignore": "Mask of what to ignore, such as a label.",
    "exclude_suspects": "Train without the pictures that may be defective themselves.",
    "augment": "auto adds rotated and mirrored copies where the pictures show that parts have arbitrary "
    "orientations.",
    "tiles": "Inspect tiles of this size at the pictures' own resolution, too: all of them, or the doubtful "
    "ones, a quarter of a good picture's.",
    "explain": "Good patches to keep in the file, such as 300: it then shows what good looks like.",
    "robust": "Train under stronger drawn lights than by default: another light then costs even less.",
}

preset_option = click.option(
    "--preset",
    type=click.Choice(tuple(PRESETS)),
    default="balanced",
    show_default=True,
    help="Trades speed for accuracy; paper is CFLOW-AD exactly as published.",
)

set_option = click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="Any value of the recipe, such as detector.blocks=4 or strides=8,16; repeatable.",
)

flow_option = click.option(
    "--flow",
    type=click.Choice(tuple(FLOWS)),
    default="realnvp",
    show_default=True,
    help="The flows of cflow, uflow and differnet. Those of i-resnet and ffjord are for flawflow compare "
    "--set detector.flow=…: no model file is made of them.",
)


def recipe_options(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add --preset, --set and an option for each named value of a recipe; the function gets `recipe`.

    Args:
        names: Fields of `Recipe`, and "flow", in the order of the help.
    """

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def with_recipe(*, preset: str, settings: Sequence[str], **rest: Any) -> Any:
            values = {name: rest.pop(name) for name in names}
            return function(recipe=asked(preset, settings, **values), **rest)

        options = [flow_option if name == "flow" else recipe_option(name) for name in names]
        return functools.reduce(
            lambda made, option: option(made), (set_option, *reversed(options), preset_option), with_recipe
        )

    return add


def asked(preset: str, settings: Sequence[str] = (), *, flow: str = "realnvp", **values: Any) -> Recipe:
    """The recipe that options ask for.

    Args:
        preset: A preset's name.
        settings: As of `flawflow.recipe.text.setting`; they count last.
        flow: A family of flows.
        values: Of the recipe by name; None and False are those of the preset.

    Raises:
        RecipeError: Something does not fit.
    """
    given = {name: value for name, value in values.items() if value is not None and value is not False}
    recipe = Recipe.of(preset, {"detector.flow": flow}, **given)
    return functools.reduce(setting, settings, recipe)


def recipe_option(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The option for one value of a recipe; the function gets None, or False, where it is not given."""
    kind = get_type_hints(Recipe)[name]
    default = getattr(PRESETS["balanced"], name)
    option = f"--{name.replace('_', '-')}"
    if kind is bool:
        return click.option(option, is_flag=True, help=_HELP[name])
    more: dict[str, Any] = {}
    shown = str(default)
    if name == "size":
        more, shown = {"type": parse_size, "metavar": "SIDE|HxW"}, "256"
    elif name == "tiles":
        more, shown = {"type": click.Choice(get_args(TileMode))}, default.mode
    elif name == "detector":
        more, shown = {"type": click.Choice(detector_names())}, default.name
    elif name == "weights":
        more = {"metavar": "FILE|hub"}
    elif name in ("roi", "ignore"):
        more = {"type": LOCAL}
    elif kind is int:
        more = {"type": int, "metavar": "N"}
    elif get_origin(kind) is Literal:
        more = {"type": click.Choice(get_args(kind))}
    # Not click's own default: an option that is given counts, and one that is not leaves the preset as it is.
    usual = "" if default is None else f"  [default: {shown}]"
    return click.option(option, default=None, help=_HELP[name] + usual, **more)
