"""Where regions lie and how large they are, by model: a heat map's cells and two Pareto charts."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from flawflow.server.db.places import CELLS, PlaceCount

Third = Literal[
    "top-left", "top", "top-right", "left", "centre", "right", "bottom-left", "bottom", "bottom-right"
]
"""A ninth of a picture: a third of its height by a third of its width."""

THIRDS: tuple[Third, ...] = get_args(Third)

Size = Literal["tiny", "small", "medium", "large"]
"""Classes of a region's share of its picture's area; see `flawflow.server.db.places.SIZE_BOUNDS`."""

SIZES: tuple[Size, ...] = get_args(Size)


@dataclass(frozen=True)
class Places:
    """The regions of a model's pictures that were judged NG or REVIEW.

    Attributes:
        model: The model.
        cells: How many centroids lie in a cell; a cell is its row times `CELLS` plus its column.
        thirds: How many lie where, the most first.
        sizes: How many are how large, the most first.
    """

    model: str
    cells: Mapping[int, int]
    thirds: Mapping[Third, int]
    sizes: Mapping[Size, int]

    @property
    def total(self) -> int:
        """All regions."""
        return sum(self.cells.values())


def places_of(counts: Sequence[PlaceCount]) -> list[Places]:
    """Add up counts, the model with the most regions first."""
    found = []
    for model in {each.model: None for each in counts}:
        cells, thirds, sizes = Counter[int](), Counter[Third](), Counter[Size]()
        for each in counts:
            if each.model == model:
                cells[each.cell] += each.count
                thirds[third_of(each.cell)] += each.count
                sizes[SIZES[each.size]] += each.count
        found.append(Places(model, cells, dict(thirds.most_common()), dict(sizes.most_common())))
    return sorted(found, key=lambda each: -each.total)


def third_of(cell: int) -> Third:
    """Name where in the picture a cell lies.

    >>> third_of(0), third_of(CELLS * CELLS // 2 + CELLS // 2)
    ('top-left', 'centre')
    """
    row, column = divmod(cell, CELLS)
    return THIRDS[3 * (3 * row // CELLS) + 3 * column // CELLS]


def cumulative(counts: Mapping[str, int]) -> list[tuple[str, int, float, float]]:
    """Give the rows of a Pareto chart: name, count, its share, and the share of all rows up to this.

    >>> cumulative({"top": 3, "left": 1})
    [('top', 3, 0.75, 0.75), ('left', 1, 0.25, 1.0)]
    """
    total, rows, before = sum(counts.values()), [], 0
    for name, count in counts.items():
        before += count
        rows.append((name, count, count / total, before / total))
    return rows
