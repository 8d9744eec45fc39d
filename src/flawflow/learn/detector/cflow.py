"""CFLOW with what the data says in advance: the default detector."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor, nn

from flawflow.learn.detector.detector import Aggregation, Detector
from flawflow.learn.detector.folded import FoldedFlow
from flawflow.learn.detector.learning import Batches, learn, seed_of
from flawflow.learn.detector.measured import DistanceScale, LikelihoodScale, measure_scales, peak_of
from flawflow.learn.detector.standard import PositionStandard
from flawflow.learn.features import FeatureStore
from flawflow.learn.flow import (
    ActNorm,
    AdditiveCoupling,
    AffineCoupling,
    Bijection,
    Chain,
    LULinear,
    Permutation,
    Rotation,
    Swap,
    Whiten,
)
from flawflow.learn.position import sine_position
from flawflow.learn.source import Source
from flawflow.learn.together import Tally, run_together


@dataclass(frozen=True, kw_only=True)
class CflowOptions:
    """The shape of the flow and how it learns.

    Attributes:
        noise: Deviation of the noise that features are taken to carry, in units of each channel's own.
        blocks: Coupling blocks of each scale.
        hidden: Most hidden units of a subnet.
        expansion: Hidden units of a subnet for each channel, as far as `hidden` allows.
        position_channels: Channels of the sine condition; 0 for no condition (UFLOW).
        position_statistics: Standardise each position by its own statistics, and not all by the same.
        coupling: "affine" (RealNVP) or "additive" (NICE).
        mixing: What comes between blocks: the halves of the channels "swap" places, a fixed "rotation" or
            "permutation" mixes them, or a learned "lu" matrix (Glow).
        actnorm: Let each block end with a learned scale and shift of each channel (Glow).
        measure: What a map shows: a "distance" without bound, or the "likelihood" of eq. 9, which saturates.
        steps: Steps of the optimiser for each scale.
        steps_per_picture: No more steps than this for each picture, views included: a flow that sees a few
            pictures again and again learns these and not what they have in common.
        batch: Vectors in a step.
        peak_rate: Highest learning rate of the one-cycle schedule.
    """

    noise: float = 0.5
    blocks: int = 3
    hidden: int = 128
    expansion: int = 2
    position_channels: int = 32
    position_statistics: bool = True
    coupling: Literal["affine", "additive"] = "affine"
    mixing: Literal["swap", "rotation", "permutation", "lu"] = "swap"
    actnorm: bool = False
    measure: Literal["distance", "likelihood"] = "distance"
    steps: int = 4000
    steps_per_picture: int = 25
    batch: int = 1024
    peak_rate: float = 5e-3


FLOWS: Mapping[str, Mapping[str, Any]] = {
    "realnvp": {},
    "nice": {"coupling": "additive"},
    "glow": {"mixing": "lu", "actnorm": True},
}
"""The families of flows, as changes to what `CflowOptions` are anyway: RealNVP (https://arxiv.org/abs/1605.08803),
NICE (https://arxiv.org/abs/1410.8516) and Glow (https://arxiv.org/abs/1807.03039)."""


class Cflow(Detector):
    """Conditional normalizing flows, one a scale, that start at the Gaussian optimum.

    Gudovskiy, Ishizaka, Kozuka: "CFLOW-AD" (WACV 2022, https://arxiv.org/abs/2107.12571).
    Differences to the paper, each measured in docs/accuracy.md: every position is standardised by its own
    statistics and all are whitened before the first block; blocks start at the identity; features carry
    noise while the flow learns; vectors of all pictures are mixed in a step.
    """

    name = "cflow"
    aggregation = Aggregation()

    def __init__(self, options: CflowOptions | None = None) -> None:
        super().__init__()
        self.options = options or CflowOptions()
        self.scales = nn.ModuleList()

    def fit(self, source: Source) -> None:
        """Learn each scale for itself, side by side."""
        self.scales.extend(fit_scales(source, source.features, self.options))

    def forward(self, pyramid: Sequence[Tensor]) -> list[Tensor]:
        """Measure the anomaly of every feature vector."""
        return measure_scales(self.scales, pyramid)


def build_flow(
    standard_covariance: Tensor, condition_dimension: int, options: CflowOptions, seed: int
) -> Chain:
    """Build the flow of one scale: whitening, then `blocks` times coupling and mixing.

    Args:
        standard_covariance: (D, D) float64 covariance of the standardised features, positive definite.
        condition_dimension: C.
        options: The shape.
        seed: Of the first weights and the mixing.
    """
    generator = torch.Generator().manual_seed(seed)
    dimension = len(standard_covariance)
    covariance = standard_covariance.cpu().clone()
    # Without noise, dead channels would make it singular.
    covariance.diagonal().add_(1e-6 * covariance.diagonal().mean())
    bijections: list[Bijection] = [
        Whiten(torch.zeros(dimension), torch.linalg.cholesky(covariance).float()),
        Rotation(dimension, generator=generator),
    ]
    for _ in range(options.blocks):
        bijections.append(_coupling(dimension, condition_dimension, options, generator))
        if options.actnorm:
            bijections.append(ActNorm(dimension))
        bijections.append(_MIXING[options.mixing](dimension, generator))
    return Chain(*bijections)


_MIXING: Mapping[str, Callable[[int, torch.Generator], Bijection]] = {
    "swap": lambda dimension, _: Swap(dimension),
    "rotation": lambda dimension, generator: Rotation(dimension, generator=generator),
    "permutation": lambda dimension, generator: Permutation(dimension, generator=generator),
    "lu": lambda dimension, generator: LULinear(dimension, generator=generator),
}


def _coupling(
    dimension: int, condition_dimension: int, options: CflowOptions, generator: torch.Generator
) -> Bijection:
    hidden = min(options.hidden, options.expansion * dimension)
    if options.coupling == "additive":
        return AdditiveCoupling(
            dimension, condition_dimension, hidden=hidden, start_at_identity=True, generator=generator
        )
    return AffineCoupling(
        dimension,
        condition_dimension,
        hidden=hidden,
        start_at_identity=True,
        damping=1.0,
        generator=generator,
    )


def fit_scales(
    source: Source, store: FeatureStore, options: CflowOptions
) -> list[DistanceScale | LikelihoodScale]:
    """Learn the densities of all scales of a store and fold them."""
    options = replace(options, steps=min(options.steps, options.steps_per_picture * len(store.maps[0])))
    tally = Tally("Flows", options.steps * len(store.maps), source.on_progress)
    jobs = [partial(_fit_scale, source, store, scale, options, tally) for scale in range(len(store.maps))]
    return run_together(jobs, tally, source.device)


def _fit_scale(
    source: Source, store: FeatureStore, scale: int, options: CflowOptions, tally: Tally
) -> DistanceScale | LikelihoodScale:
    maps, inside = store.maps[scale], store.inside(scale)
    device = source.device
    standard = PositionStandard.from_data(
        maps, noise=options.noise, by_position=options.position_statistics, inside=inside
    )
    condition = _sine_condition(store.grids[scale], options.position_channels)
    flow = build_flow(
        standard.covariance(maps, inside),
        options.position_channels,
        options,
        seed=seed_of(source.seed, scale),
    ).to(device)
    standard = standard.to(device)
    condition = None if condition is None else condition.to(device)
    places = torch.arange(maps.shape[1]) if inside is None else inside
    batches = Batches(
        vectors=store.vectors(scale), standard=standard, condition=condition, places=places.to(device)
    )
    learn(
        source,
        flow,
        batches,
        scale=scale,
        steps=options.steps,
        batch=options.batch,
        peak_rate=options.peak_rate,
        tally=tally,
    )
    folded = FoldedFlow(flow, condition, standard).to(device)
    peak = peak_of(folded, maps, views=store.views, device=device, inside=inside)
    if options.measure == "likelihood":
        return LikelihoodScale(folded, peak, flow.dimension)
    return DistanceScale(folded, peak)


def _sine_condition(grid: tuple[int, int], channels: int) -> Tensor | None:
    return sine_position(*grid, channels).flatten(1).T.contiguous() if channels else None
