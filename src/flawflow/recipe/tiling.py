"""Whether pictures are inspected in tiles besides as a whole; without torch."""

from dataclasses import dataclass
from typing import Literal

from flawflow.errors import RecipeError

# As of `flawflow.images.tiling`, which imports more than a recipe may.
MIN_OVERLAP, MAX_OVERLAP = 1 / 16, 1 / 2

TileMode = Literal["off", "doubtful", "all"]


@dataclass(frozen=True, kw_only=True)
class Tiling:
    """Tiles of a picture at its own resolution, which a second density of the same encoder's features judges.

    Attributes:
        mode: "off" inspects whole pictures, "all" every tile as well, "doubtful" those tiles where the
            whole picture's map is higher than usual there and not yet beyond any good part.
        overlap: What neighbouring tiles share at least, as a part of their side, from 1/16 to 1/2.
        scale: Pixels of a tile for each of the picture's; 1 is native, 0.5 halves the sides first.
        share: Of "doubtful": the share of a good picture's tiles that are inspected, on average.

    Raises:
        RecipeError: A value is out of its range.
    """

    mode: TileMode = "off"
    overlap: float = 0.25
    scale: float = 1.0
    share: float = 0.25

    def __post_init__(self) -> None:
        if not MIN_OVERLAP <= self.overlap <= MAX_OVERLAP:
            raise RecipeError(
                f"tiles.overlap must be from {MIN_OVERLAP} to {MAX_OVERLAP}; got {self.overlap}"
            )
        if not 0 < self.scale <= 1:
            raise RecipeError(f"tiles.scale must be above 0 and at most 1; got {self.scale}")
        if not 0 < self.share < 1:
            raise RecipeError(f"tiles.share must be between 0 and 1; got {self.share}")


NO_TILES = Tiling()
"""Whole pictures alone."""
