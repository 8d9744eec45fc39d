"""Cells, tables and parts of the page of the paper's tables, as HTML."""

import base64
from collections.abc import Iterable, Sequence
from html import escape

from flawflow.compare.plan import Variant
from flawflow.compare.published import Figures
from flawflow.compare.summary import Figure, Row

SHARES = (("image_auroc", "image AUROC"), ("pixel_auroc", "pixel AUROC"), ("aupro", "AUPRO"))


def label(variant: Variant, variants: Sequence[Variant]) -> str:
    """What a variant is called beside others: with its encoder where they have several."""
    several = len({other.recipe.encoder for other in variants}) > 1
    return f"{variant.label} · {variant.recipe.encoder}" if several else variant.label


def share_head() -> tuple[str, ...]:
    """The head of a table of shares."""
    return ("detector", "encoder", *(title for _, title in SHARES))


def shares(row: Row) -> list[str]:
    """The measures of a row, in percent."""
    return [_percent(row.figures[name]) for name, _ in SHARES]


def published(figures: Figures) -> list[str]:
    """Published figures, in percent."""
    return ["–" if figure is None else f"{figure:.2f}" for figure in figures]


def _percent(figure: Figure) -> str:
    said = plain(figure, 2, 100)
    if figure.mean is None or figure.interval is None:
        return said
    low, high = (100 * end for end in figure.interval)
    return f"{said} ({low:.1f} to {high:.1f})"


def plain(figure: Figure, digits: int, units: int = 1) -> str:
    """A figure and its deviation over seeds; a dash where there is none."""
    if figure.mean is None:
        return "–"
    said = f"{units * figure.mean:.{digits}f}"
    return said if figure.deviation is None else f"{said} ± {units * figure.deviation:.{digits}f}"


def table(head: Sequence[str], body: Iterable[Sequence[str]], foreign: Iterable[Sequence[str]] = ()) -> str:
    """A table of text; `foreign` rows are those of others."""
    rows = "".join(f"<tr>{_cells(row)}</tr>" for row in body)
    rows += "".join(f'<tr class="theirs">{_cells(row)}</tr>' for row in foreign)
    titles = "".join(f"<th>{escape(one)}</th>" for one in head)
    return f'<div class="wide"><table><thead><tr>{titles}</tr></thead><tbody>{rows}</tbody></table></div>'


def _cells(row: Sequence[str]) -> str:
    return "".join(f"<td>{escape(cell)}</td>" for cell in row)


def section(title: str, said: str, content: str) -> str:
    """A part of the page; `content` is HTML."""
    return f'<section><h2>{escape(title)}</h2><p class="quiet">{escape(said)}</p>{content}</section>\n'


def image(name: str, jpeg: bytes) -> str:
    """A picture in the page itself."""
    return f'<img alt="{escape(name)}" src="data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}">'
