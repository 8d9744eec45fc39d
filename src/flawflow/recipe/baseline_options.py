"""The options of all detectors but CFLOW's own; without torch."""

from dataclasses import dataclass
from typing import Literal

from flawflow.recipe.options import CflowOptions

Pooling = Literal["none", "padded", "inner"]


@dataclass(frozen=True, kw_only=True)
class PaperOptions:
    """How long CFLOW-AD as published learns; everything else is the reference's.

    Attributes:
        passes: Passes over the pictures; the reference makes 25 times 8. The schedule stays that of 200.
    """

    passes: int = 200


@dataclass(frozen=True, kw_only=True)
class PatchOptions:
    """How features become the vectors of patches.

    Attributes:
        pooling: Average each scale over 3 × 3 neighbours before scales are joined: "none" leaves it as it
            is, "padded" counts zeros beyond the map's edge, "inner" only the neighbours that there are.
        interpolation: How coarser scales are brought to the finest grid.
        standardised: Give each channel mean 0 and deviation 1 over all good patches.
        channels: How many channels to draw at random of all; None for all.
    """

    pooling: Pooling = "none"
    interpolation: Literal["nearest", "bilinear"] = "nearest"
    standardised: bool = False
    channels: int | None = None


@dataclass(frozen=True, kw_only=True)
class PadimOptions(PatchOptions):
    """What PaDiM keeps. A model grows with the square of the channels.

    Attributes:
        regularisation: ε of the paper's eq. 1, added to the covariance's diagonal.
    """

    channels: int | None = 100
    regularisation: float = 0.01


POOLED = PadimOptions(pooling="inner", interpolation="bilinear", standardised=True, channels=None)


@dataclass(frozen=True, kw_only=True)
class PatchcoreOptions(PatchOptions):
    """What PatchCore keeps.

    Attributes:
        selection: How the memory is chosen: "coreset" covers all patches evenly, "random" draws them.
        share: Of all patches, how many the memory keeps.
        most: Vectors at most, whatever the share.
        projected: Channels in which the coreset is chosen.
    """

    pooling: Pooling = "padded"
    interpolation: Literal["nearest", "bilinear"] = "bilinear"
    selection: Literal["coreset", "random"] = "coreset"
    share: float = 0.1
    most: int = 10_000
    projected: int = 128


NEAREST = PatchcoreOptions(pooling="inner", standardised=True, selection="random", share=1.0, most=8_000)


@dataclass(frozen=True, kw_only=True)
class SpadeOptions:
    """What SPADE asks.

    Attributes:
        neighbours: K, the good pictures whose patches form the gallery.
    """

    neighbours: int = 50


@dataclass(frozen=True, kw_only=True)
class NoOptions:
    """Of a detector that has none."""


DIFFERNET = CflowOptions(
    blocks=8,
    hidden=256,
    expansion=8,
    position_channels=0,
    position_statistics=False,
    mixing="permutation",
    steps=500,
    batch=256,
)
