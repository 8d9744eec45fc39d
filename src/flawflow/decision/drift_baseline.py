"""What a model knows of how good pictures are taken."""

import dataclasses
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np

from flawflow.images.statistics import ImageStatistics

# Of more pictures a random choice does as well, and the model file stays small.
_MAX_IMAGES = 1000


@dataclass(frozen=True)
class DriftBaseline:
    """The good pictures of a calibration: a column for each statistic, a place in it for each picture.

    Attributes:
        score: Image scores, by a model that was not trained on the picture.
        brightness: As of `ImageStatistics`, like all that follow.
    """

    score: tuple[float, ...] = ()
    brightness: tuple[float, ...] = ()
    contrast: tuple[float, ...] = ()
    sharpness: tuple[float, ...] = ()
    red: tuple[float, ...] = ()
    blue: tuple[float, ...] = ()
    across: tuple[float, ...] = ()
    down: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        columns = dataclasses.astuple(self)
        if len(set(map(len, columns))) != 1:
            raise ValueError("the columns of a drift reference must be of one length")
        if not all(math.isfinite(value) for column in columns for value in column):
            raise ValueError("the values of a drift reference must be finite")

    @classmethod
    def of(cls, pictures: Iterable[tuple[float, ImageStatistics]]) -> Self:
        """Make a reference of the scores and statistics of good pictures.

        Of more than 1,000 pictures a random choice is kept, the same in every run.
        """
        return cls._chosen([(score, *dataclasses.astuple(statistics)) for score, statistics in pictures])

    def with_more(self, other: Self) -> Self:
        """Both references' pictures."""
        return self._chosen([*self._rows(), *other._rows()])

    def __len__(self) -> int:
        return len(self.score)

    def _rows(self) -> list[tuple[float, ...]]:
        return list(zip(*dataclasses.astuple(self), strict=True))

    @classmethod
    def _chosen(cls, rows: list[tuple[float, ...]]) -> Self:
        if len(rows) > _MAX_IMAGES:
            kept = np.sort(np.random.default_rng(0).permutation(len(rows))[:_MAX_IMAGES])
            rows = [rows[index] for index in kept.tolist()]
        return cls(*zip(*rows, strict=True))


NO_BASELINE = DriftBaseline()
"""Of a model that knows of no pictures."""
