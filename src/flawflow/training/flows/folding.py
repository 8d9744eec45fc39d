"""How a bijection folds: what a trained flow may be replaced by without being another function."""

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor

if TYPE_CHECKING:
    from flawflow.training.flows.bijection import Bijection
    from flawflow.training.flows.subnet import Subnet


@dataclass(frozen=True, eq=False)
class AffineFold:
    """An affine map, y = x·matrix + offset: several in a row are one.

    Attributes:
        matrix: (D, D) float64.
        offset: (D,) float64.
        log_det: log|det matrix|, natural logarithm.
    """

    matrix: Tensor
    offset: Tensor
    log_det: float

    @classmethod
    def identity(cls, dimension: int) -> Self:
        """The map that changes nothing."""
        eye = torch.eye(dimension, dtype=torch.float64)
        return cls(eye, torch.zeros(dimension, dtype=torch.float64), 0.0)

    @classmethod
    @torch.no_grad()
    def of(cls, bijection: "Bijection") -> Self:
        """Measure a bijection that is affine: the images of zero and of the unit vectors tell all of it."""
        points = torch.cat((torch.zeros(1, bijection.dimension), torch.eye(bijection.dimension))).double()
        image, change = copy.deepcopy(bijection).cpu().double()(points)
        return cls(image[1:] - image[0], image[0], float(change[0]))

    def then(self, following: "AffineFold") -> "AffineFold":
        """The map that does this and then the other."""
        return AffineFold(
            self.matrix @ following.matrix,
            self.offset @ following.matrix + following.offset,
            self.log_det + following.log_det,
        )


@dataclass(frozen=True, eq=False)
class CouplingFold:
    """A coupling block: y₁ = x₁, y₂ = x₂·exp(s) + a_t with a = damping·subnet([x₁, c]).

    Attributes:
        subnet: What answers a: the log-scales' channels, where there are any, and then the shifts'.
        damping: What its answer is multiplied by.
        clamp: s = clamp·tanh(a_s); None where all of a is shift and s = 0.
    """

    subnet: "Subnet"
    damping: float = 1.0
    clamp: float | None = None


@dataclass(frozen=True, eq=False)
class NoFold:
    """A bijection that is to be run as it is."""

    bijection: "Bijection"


Fold = AffineFold | CouplingFold | NoFold
