"""Pages from templates beside this module; whatever comes from files is escaped."""

import functools
from importlib.resources import files
from typing import TYPE_CHECKING

from flawflow.report.heatmap import css_gradient

if TYPE_CHECKING:
    from jinja2 import Environment


def render(template: str, **values: object) -> str:
    """Fill a template.

    Args:
        template: Its file's name.
        values: Its variables; texts are escaped, what `drawn` gave is not.
    """
    return _environment().get_template(template).render(gradient=css_gradient(), **values)


def drawn(svg: str) -> str:
    """An `<svg>` element of `flawflow.report`, which has escaped its texts itself, for a template."""
    from markupsafe import Markup

    return Markup(svg)


@functools.cache
def _environment() -> "Environment":
    # Imported when a page is made: verbs that make none start faster.
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    folder = files(__package__)
    return Environment(
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        loader=FunctionLoader(lambda name: folder.joinpath(name).read_text("utf-8")),
    )
