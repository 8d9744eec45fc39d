"""Sections, tables and cells of the page of the paper's tables, as a template takes them."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from flawflow.compare.plan import Variant
from flawflow.compare.published import Figures
from flawflow.compare.summary import Figure, Row

SHARES = (("image_auroc", "image AUROC"), ("pixel_auroc", "pixel AUROC"), ("aupro", "AUPRO"))


@dataclass(frozen=True)
class Table:
    """A table of text; `published` rows are figures of papers."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    published: Sequence[Sequence[str]] = ()
    title: str = ""


@dataclass(frozen=True)
class Drawing:
    """An `<svg>` element, marked as safe."""

    svg: str
    title: str = ""
    note: str = ""


@dataclass(frozen=True)
class Images:
    """Labelled JPEG images (base64), one below the other."""

    title: str
    rows: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Section:
    """A part of the page; drawings and images stand side by side."""

    title: str
    note: str
    tables: Sequence[Table] = ()
    drawings: Sequence[Drawing] = ()
    images: Sequence[Images] = ()


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


def base64_text(content: bytes) -> str:
    """What a `data:` address takes."""
    return base64.b64encode(content).decode()
