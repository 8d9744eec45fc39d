"""The options of the systems beside which the paper places itself; without torch."""

from dataclasses import dataclass
from typing import Literal

from flawflow.recipe.baseline_options import PatchOptions, Pooling


@dataclass(frozen=True, kw_only=True)
class LearningOptions:
    """How long something learns.

    Attributes:
        steps: Steps of Adam.
        batch: What a step learns from: vectors, positions or pictures.
        peak_rate: Highest learning rate of the one-cycle schedule.
    """

    steps: int
    batch: int
    peak_rate: float = 1e-3


@dataclass(frozen=True, kw_only=True)
class JoinedOptions(PatchOptions):
    """Vectors as those of "padim-pooled" and "knn": averaged, interpolated, standardised, all channels."""

    pooling: Pooling = "inner"
    interpolation: Literal["nearest", "bilinear"] = "bilinear"
    standardised: bool = True


@dataclass(frozen=True, kw_only=True)
class NapoletanoOptions(JoinedOptions):
    """A dictionary of good patches.

    Attributes:
        variance: The share of variance that the principal components keep.
        centres: Words of the dictionary.
        restarts: How often k-means begins; the best end counts.
        most: Vectors that k-means sees at most.
    """

    standardised: bool = False
    variance: float = 0.95
    centres: int = 10
    restarts: int = 3
    most: int = 50_000


@dataclass(frozen=True, kw_only=True)
class DfrOptions(JoinedOptions, LearningOptions):
    """An autoencoder of vectors.

    Attributes:
        variance: The share of variance whose number of principal components the code has.
        linear: Leave the hidden layers out: the residual of the principal components, which need no steps.
    """

    steps: int = 2000
    batch: int = 1024
    variance: float = 0.9
    linear: bool = False


@dataclass(frozen=True, kw_only=True)
class StfpmOptions(LearningOptions):
    """A student of the encoder.

    Attributes:
        width: Channels of its first stage; each next one has twice as many, up to eight times.
    """

    steps: int = 400
    batch: int = 8
    width: int = 24


@dataclass(frozen=True, kw_only=True)
class StudentsOptions(LearningOptions):
    """Several students of the encoder.

    Attributes:
        students: How many.
        width: Channels of a student's first stage, as `StfpmOptions.width`.
    """

    steps: int = 400
    batch: int = 8
    students: int = 3
    width: int = 16


@dataclass(frozen=True, kw_only=True)
class PatchSvddOptions(LearningOptions):
    """A learned projection and a memory of it.

    Attributes:
        hidden: Units between a feature vector and its projection.
        projected: D of the projection.
        near: λ, how much two neighbours' distance counts beside telling where a neighbour lies.
        distance: Positions between two patches of which one tells where the other lies.
        most: Vectors of the memory of each scale.
    """

    steps: int = 1000
    batch: int = 512
    hidden: int = 128
    projected: int = 64
    near: float = 1e-3
    distance: int = 4
    most: int = 2000


@dataclass(frozen=True, kw_only=True)
class CutPasteOptions(LearningOptions):
    """A classifier of good pictures and such with something pasted in.

    Attributes:
        places: Judge each place instead of the picture.
        pasted: Pictures with a paste, of either kind, that are made of each good one.
        hidden: Units of the classifier's layers.
        density_channels: Units of its last layer, whose Gaussian is the score.
    """

    steps: int = 500
    batch: int = 384
    peak_rate: float = 1e-3
    places: bool = False
    pasted: int = 2
    hidden: int = 128
    density_channels: int = 64


@dataclass(frozen=True, kw_only=True)
class VaeOptions(LearningOptions):
    """A variational autoencoder of pictures.

    Attributes:
        side: Pixels of the pictures' sides, a multiple of 16.
        width: Channels of the first of four convolutions; each next one has twice as many.
        latent: Numbers of the code.
        beta: How much the code's divergence from the standard normal counts, both in nats per pixel value.
    """

    steps: int = 1000
    batch: int = 8
    side: int = 128
    width: int = 24
    latent: int = 128
    beta: float = 1.0


@dataclass(frozen=True, kw_only=True)
class FAnoGanOptions(JoinedOptions, LearningOptions):
    """A generator of feature vectors, its critic and an encoder into its code.

    Attributes:
        latent: Numbers of the code.
        hidden: Units of each layer.
        penalty: λ of the critic's gradient penalty.
        feature_weight: κ, how much the critic's features count in the residual.
    """

    steps: int = 2000
    batch: int = 512
    latent: int = 32
    hidden: int = 256
    penalty: float = 10.0
    feature_weight: float = 1.0
