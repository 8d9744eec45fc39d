"""The public surface: what the reference shows, with its parameters, as it is committed.

After a change that is meant: python tests/test_public_names.py > docs/reference/public_names.txt
"""

import importlib
import inspect
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

import flawflow

REFERENCE = Path(__file__).parents[1] / "docs" / "reference"
LIST = REFERENCE / "public_names.txt"


def shown() -> list[str]:
    """The names that the reference's pages show."""
    pages = (page.read_text("utf-8") for page in sorted(REFERENCE.glob("*.md")))
    return [name for page in pages for name in re.findall(r"^::: (\S+)$", page, re.MULTILINE)]


def found(name: str) -> Any:
    home, _, last = name.rpartition(".")
    return getattr(importlib.import_module(home), last)


def surface() -> Iterator[str]:
    """One line for each public name and each public member of a class."""
    for name in sorted(shown()):
        thing = found(name)
        yield name + parameters(thing)
        if inspect.isclass(thing):
            yield from sorted(members(name, thing))


def members(name: str, kind: type) -> Iterator[str]:
    fields = getattr(kind, "__dataclass_fields__", {})
    yield from (f"{name}.{field}" for field in fields)
    for member in vars(kind).keys() - fields.keys():
        if member.startswith("_"):
            continue
        value = inspect.getattr_static(kind, member)
        is_value = isinstance(value, property | cached_property) or not callable(getattr(kind, member))
        yield f"{name}.{member}" + ("" if is_value else parameters(getattr(kind, member)))


def parameters(thing: Any) -> str:
    """The parameters without their types; those with a default have `=`; exceptions have none."""
    if inspect.isclass(thing) and issubclass(thing, Exception):
        return ""
    given = inspect.signature(thing).parameters.values()
    kept = [
        parameter.replace(
            annotation=parameter.empty,
            default=parameter.empty if parameter.default is parameter.empty else ...,
        )
        for parameter in given
        if parameter.name != "self"
    ]
    return str(inspect.Signature(kept)).replace("=Ellipsis", "=…")


def test_surface_is_the_committed_one():
    assert list(surface()) == LIST.read_text("utf-8").splitlines()


def test_reference_shows_what_flawflow_exports():
    assert {f"flawflow.{name}" for name in flawflow.__all__} <= set(shown())
    assert len(set(shown())) == len(shown())


@pytest.mark.parametrize("name", shown())
def test_public_name_has_a_docstring_and_no_private_home(name):
    assert inspect.getdoc(found(name)), name
    assert not any(part.startswith("_") for part in name.split(".")), name


if __name__ == "__main__":
    print("\n".join(surface()))
