"""A density before its flow is learned: vectors, their statistics, and a flow that has learned nothing."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from flawflow.training.detectors.fitting import Batches
from flawflow.training.detectors.position_standardizer import PositionStandardizer
from flawflow.training.flows import Chain
from flawflow.training.row_view import Rows


@dataclass(frozen=True)
class Vectors:
    """What a density is learned from.

    Attributes:
        maps: (rows, H·W, D) float32.
        views: Rows per picture; the first is the picture as it is.
        inside: The positions that count, (P,) int64; None for all.
        condition: The condition of each position, (H·W, C); None for none.
    """

    maps: Rows
    views: int
    inside: Tensor | None
    condition: Tensor | None


@dataclass(frozen=True, kw_only=True)
class Density:
    """A density whose flow is not learned yet.

    Attributes:
        number: Of the flow, which has random numbers and unfinished work of its own.
        name: What the flow is called in progress.
        vectors: What it is learned from.
        standardizer: Standardises the vectors, and says how much noise they carry.
        flow: What learns, as it begins.
        own: How many of its first bijections are statistics of these vectors, which are not learned.
    """

    number: int
    name: str
    vectors: Vectors
    standardizer: PositionStandardizer
    flow: Chain
    own: int

    def batches(self, device: torch.device) -> Batches:
        """The vectors, drawn at random and standardised on a device."""
        vectors = self.vectors
        places = torch.arange(vectors.maps.shape[1]) if vectors.inside is None else vectors.inside
        return Batches(
            name=self.name,
            maps=vectors.maps,
            standardizer=self.standardizer.to(device),
            condition=None if vectors.condition is None else vectors.condition.to(device),
            places=places.to(device),
        )


Learn = Callable[[Density], Chain]
"""Gives the flow of a density, learned."""
