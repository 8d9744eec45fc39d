"""A recipe's values as a person writes them."""

import json

from flawflow.errors import RecipeError
from flawflow.recipe.options import Option
from flawflow.recipe.recipe import Recipe


def setting(recipe: Recipe, text: str) -> Recipe:
    """The recipe with one value as a person writes it.

    Args:
        recipe: The recipe.
        text: `NAME=VALUE`; the value is text or JSON, and lists may be written without brackets.

    Raises:
        RecipeError: It is no such thing, or does not fit.

    >>> setting(Recipe(), "detector.blocks=4").detector.options["blocks"]
    4
    >>> setting(Recipe(), "strides=8,16").strides
    (8, 16)
    """
    name, equals, value = text.partition("=")
    if not equals:
        raise RecipeError(f"{text!r} sets nothing: write NAME=VALUE, such as detector.blocks=4.")
    try:
        return recipe.replace({name: _from_text(value)})
    except RecipeError:
        # What looks like a number may be a name.
        if isinstance(_from_text(value), str):
            raise
    try:
        return recipe.replace({name: value})
    except RecipeError:
        return recipe.replace({name: _from_text(value)})


def as_setting(name: str, value: Option) -> str:
    """What `setting` reads as this value."""
    return f"{name}={value if isinstance(value, str) else json.dumps(value)}"


def _from_text(text: str) -> object:
    for form in (text, f"[{text}]") if "," in text else (text,):
        try:
            return json.loads(form)
        except (ValueError, RecursionError):
            continue
    return text
