"""Where regions lie as SVG: coloured cells over a good picture."""

import base64
import io

from markupsafe import Markup
from PIL import Image

from flawflow.report.heatmap import palette
from flawflow.server.db.places import CELLS
from flawflow.server.statistics.places import Places
from flawflow.server.statistics.wording import WORDS

LOWEST_LEVEL = 90
"""The colour of a single region where others lie in heaps: still to be seen. The page has the same."""

_SIDE = 300.0


def place_map(places: Places, picture: bytes | None) -> Markup:
    """Draw the cells in which regions lie.

    Args:
        places: The regions.
        picture: A good picture as JPEG or PNG; None where none is kept, and then a square stands for it.
    """
    width, height = _size(picture)
    cell = width / CELLS, height / CELLS
    colours, most = palette(1.0), max(places.cells.values())
    parts = [Markup('<rect class="ground" width="{:.1f}" height="{:.1f}"/>').format(width, height)]
    if picture is not None:
        kind = "jpeg" if picture.startswith(b"\xff\xd8") else "png"
        parts.append(
            Markup('<image width="{:.1f}" height="{:.1f}" href="data:image/{};base64,{}"/>').format(
                width, height, kind, base64.b64encode(picture).decode()
            )
        )
    for number, count in sorted(places.cells.items()):
        row, column = divmod(number, CELLS)
        red, green, blue, alpha = map(int, colours[cell_level(count, most)])
        parts.append(
            Markup(
                '<rect x="{:.1f}" y="{:.1f}" width="{:.2f}" height="{:.2f}" fill="#{:02x}{:02x}{:02x}" '
                'fill-opacity="{:.2f}"><title>{}</title></rect>'
            ).format(column * cell[0], row * cell[1], *cell, red, green, blue, alpha / 255, count)
        )
    label = WORDS["places"].format(model=places.model)
    return Markup(
        '<svg class="places" viewBox="0 0 {:.1f} {:.1f}" role="img" aria-label="{}">{}</svg>'
    ).format(width, height, label, Markup("").join(parts))


def _size(picture: bytes | None) -> tuple[float, float]:
    """The drawing's width and height."""
    if picture is None:
        return _SIDE, _SIDE
    with Image.open(io.BytesIO(picture), formats=("JPEG", "PNG")) as image:
        share = _SIDE / max(image.size)
        return share * image.width, share * image.height


def cell_level(count: int, most: int) -> int:
    """Give the level of the palette for a cell with a count of `most` at most; linear, from `LOWEST_LEVEL`.

    >>> cell_level(1, 1), cell_level(1, 100), cell_level(100, 100)
    (255, 91, 255)
    """
    return LOWEST_LEVEL + (255 - LOWEST_LEVEL) * count // most
