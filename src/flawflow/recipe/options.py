"""The shape of CFLOW's flows and how they learn."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

Scalar = bool | int | float | str | None
Option = Scalar | tuple[Scalar, ...]
"""What an option may be."""


@dataclass(frozen=True, kw_only=True)
class CflowOptions:
    """The shape of the flows and how they learn.

    Attributes:
        noise: Deviation of the noise that a scale's features are taken to carry, in units of each channel's
            own.
        joined_noise: The same of joined features, in units of their whitened deviation.
        rank: Most directions in which a cell's covariance is its own (`CellGaussian`).
        coarse_rank: The same of the coarse Gaussian.
        joined_channels: Most channels of the joined features; of more, so many are drawn. Of few vectors to
            learn from fewer are, half as many as vectors.
        blocks: Coupling blocks of each flow.
        hidden: Most hidden units of a subnet.
        expansion: Hidden units of a subnet for each channel, as far as `hidden` allows.
        position_channels: Channels of the sine condition; 0 for no condition (UFLOW).
        position_statistics: Give each position its own mean, and cells their own covariance.
        block: What a channel is steered by: "coupling", the other half of the channels; "autoregressive", the
            channels before it. Or a block of a free form, of which no model file can be made: "residual"
            (i-ResNet) or "continuous" (FFJORD).
        coupling: How a channel is mapped: "affine" (RealNVP), "additive" (NICE), a "spline" (NSF), the CDF of
            a "mixture" of logistics (Flow++) or a "monotone" network (NAF). It means nothing to free forms.
        mixing: What comes between blocks: the halves of the channels "swap" places, a fixed "rotation" or
            "permutation" mixes them, or a learned "lu" matrix (Glow).
        actnorm: Let each block end with a learned scale and shift of each channel (Glow).
        measure: What a map shows: a "distance" without bound, or the "likelihood" of eq. 9, which saturates.
        steps: Steps of the optimiser for each flow.
        steps_per_picture: No more steps than this for each picture, views included: a flow that sees a few
            pictures again and again learns these and not what they have in common.
        batch: Vectors in a step.
        peak_rate: Highest learning rate of the one-cycle schedule.
        sharpening: How much the scales finer than the joined ones sharpen the map.
        coarse_weight: How much the coarse Gaussian counts in the score; in the map it does not.
        whole_weight: How much the score grows where the picture as a whole is unlike good ones.
    """

    noise: float = 0.5
    joined_noise: float = 0.3
    rank: int = 16
    coarse_rank: int = 16
    joined_channels: int = 256
    blocks: int = 2
    hidden: int = 64
    expansion: int = 2
    position_channels: int = 32
    position_statistics: bool = True
    block: Literal["coupling", "autoregressive", "residual", "continuous"] = "coupling"
    coupling: Literal["affine", "additive", "spline", "mixture", "monotone"] = "affine"
    mixing: Literal["swap", "rotation", "permutation", "lu"] = "swap"
    actnorm: bool = False
    measure: Literal["distance", "likelihood"] = "distance"
    steps: int = 1000
    steps_per_picture: int = 25
    batch: int = 1024
    peak_rate: float = 5e-3
    sharpening: float = 2.0
    coarse_weight: float = 0.5
    whole_weight: float = 1.5


FLOWS: Mapping[str, Mapping[str, Option]] = {
    "realnvp": {},
    "nice": {"coupling": "additive"},
    "glow": {"mixing": "lu", "actnorm": True},
    "nsf": {"coupling": "spline"},
    "flow++": {"coupling": "mixture"},
    "maf": {"block": "autoregressive"},
    "naf": {"block": "autoregressive", "coupling": "monotone"},
    "i-resnet": {"block": "residual"},
    "ffjord": {"block": "continuous"},
}
"""The families of flows, as changes to what `CflowOptions` are anyway; docs/theory.md names their papers."""

NOT_EXPORTED: Mapping[str, str] = {
    "residual": "the log-determinant of i-ResNet is that of a matrix for each vector",
    "continuous": "FFJORD follows a differential equation",
}
"""Blocks that no ONNX graph is made of, and why."""


def takes_flows(options: Iterable[str]) -> bool:
    """Whether a detector with these options can have flows of every family."""
    return set().union(*FLOWS.values()) <= set(options)


def why_not_exported(options: Mapping[str, object]) -> str | None:
    """Why a detector with these options cannot become a model file; None where it can."""
    return NOT_EXPORTED.get(str(options.get("block")))
