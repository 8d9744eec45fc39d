"""A density of feature vectors is learned: built, trained on noisy vectors of all pictures, folded."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from flawflow.recipe.options import CflowOptions
from flawflow.training.detectors.anomaly_score import DistanceScale, LikelihoodScale, max_log_likelihood
from flawflow.training.detectors.fitting import fit_flow, seed_of
from flawflow.training.detectors.folded import FoldedFlow
from flawflow.training.detectors.position_standardizer import PositionStandardizer
from flawflow.training.detectors.unlearned import Density, Learn, Vectors
from flawflow.training.feature_source import FeatureSource
from flawflow.training.feature_store import FeatureStore
from flawflow.training.flows import (
    ActNorm,
    Affine,
    Autoregressive,
    Bijection,
    Chain,
    Continuous,
    Coupling,
    LogisticMixture,
    LULinear,
    MonotoneNetwork,
    Permutation,
    Residual,
    Rotation,
    Shift,
    Spline,
    Swap,
    Transformer,
    Whiten,
)
from flawflow.training.parallel import ProgressCounter
from flawflow.training.position_encoding import sine_position

# Bijections of a flow before its blocks: `Whiten` and `Rotation`.
_WHITENING = 2


def build_flow(covariance: Tensor, condition_dimension: int, options: CflowOptions, seed: int) -> Chain:
    """Build the flow of one scale: whitening, then `blocks` times coupling and mixing.

    Args:
        covariance: (D, D) float64 covariance of the standardised features, positive definite.
        condition_dimension: C.
        options: The shape.
        seed: Of the first weights and the mixing.
    """
    generator = torch.Generator().manual_seed(seed)
    dimension = len(covariance)
    covariance = covariance.cpu().clone()
    # Without noise, dead channels would make it singular.
    covariance.diagonal().add_(1e-6 * covariance.diagonal().mean())
    return Chain(
        Whiten(torch.zeros(dimension), torch.linalg.cholesky(covariance).float()),
        Rotation(dimension, generator=generator),
        *coupling_blocks(dimension, condition_dimension, options, generator),
    )


def coupling_blocks(
    dimension: int, condition_dimension: int, options: CflowOptions, generator: torch.Generator
) -> list[Bijection]:
    """`blocks` times a block and mixing, each at the identity but for the mixing."""
    bijections: list[Bijection] = []
    for _ in range(options.blocks):
        bijections.append(_block(dimension, condition_dimension, options, generator))
        if options.actnorm:
            bijections.append(ActNorm(dimension))
        bijections.append(_MIXING[options.mixing](dimension, generator))
    return bijections


_MIXING: Mapping[str, Callable[[int, torch.Generator], Bijection]] = {
    "swap": lambda dimension, _: Swap(dimension),
    "rotation": lambda dimension, generator: Rotation(dimension, generator=generator),
    "permutation": lambda dimension, generator: Permutation(dimension, generator=generator),
    "lu": lambda dimension, generator: LULinear(dimension, generator=generator),
}


_TRANSFORMERS: Mapping[str, Transformer] = {
    "affine": Affine(),
    "additive": Shift(),
    "spline": Spline(),
    "mixture": LogisticMixture(),
    "monotone": MonotoneNetwork(),
}


def _block(
    dimension: int, condition_dimension: int, options: CflowOptions, generator: torch.Generator
) -> Bijection:
    transformer = _TRANSFORMERS[options.coupling]
    kinds: Mapping[str, Callable[..., Bijection]] = {
        "coupling": partial(Coupling, transformer),
        "autoregressive": partial(Autoregressive, transformer),
        "residual": Residual,
        "continuous": Continuous,
    }
    hidden = min(options.hidden, options.expansion * dimension)
    return kinds[options.block](
        dimension, condition_dimension, hidden=hidden, start_at_identity=True, generator=generator
    )


def learn_flow(
    source: FeatureSource, options: CflowOptions, progress_counter: ProgressCounter, density: Density
) -> Chain:
    """Train the flow of a density on its own vectors.

    Args:
        source: Whose seed and device count, and which keeps unfinished work.
        options: How.
        progress_counter: Counts the steps.
        density: What learns.
    """
    flow = density.flow.to(source.device)
    fit_flow(
        source,
        flow,
        density.batches(source.device),
        scale=density.number,
        steps=options.steps,
        batch=options.batch,
        peak_rate=options.peak_rate,
        progress_counter=progress_counter,
    )
    return flow


def as_scale(
    folded: FoldedFlow, vectors: Vectors, options: CflowOptions, device: torch.device
) -> DistanceScale | LikelihoodScale:
    """What measures vectors by a folded flow."""
    peak = max_log_likelihood(folded, vectors.maps, views=vectors.views, device=device, inside=vectors.inside)
    if options.measure == "likelihood":
        return LikelihoodScale(folded, peak, vectors.maps.shape[2])
    return DistanceScale(folded, peak)


def sine_condition(grid: tuple[int, int], channels: int) -> Tensor | None:
    """The sine condition of each position of a grid, (H·W, channels); None where there are no channels."""
    return sine_position(*grid, channels).flatten(1).T.contiguous() if channels else None


def limited(options: CflowOptions, store: FeatureStore) -> CflowOptions:
    """The options with no more steps than the pictures allow."""
    return replace(options, steps=min(options.steps, options.steps_per_picture * len(store.maps[0])))


def scale_density(
    source: FeatureSource, store: FeatureStore, scale: int, options: CflowOptions, *, rounded: bool = False
) -> Density:
    """The density of one scale of a store, by itself, not learned yet.

    Args:
        source: Whose seed counts.
        store: The features.
        scale: Its number.
        options: How.
        rounded: Round the positions' statistics to what takes few bytes (`PositionStandardizer.rounded`).
    """
    condition = sine_condition(store.grids[scale], options.position_channels)
    vectors = Vectors(store.maps[scale], store.views, store.inside(scale), condition)
    standardizer = PositionStandardizer.from_data(
        vectors.maps,
        noise=options.noise,
        by_position=options.position_statistics,
        own_deviation=False,
        inside=vectors.inside,
    )
    standardizer = standardizer.rounded() if rounded else standardizer
    covariance = standardizer.covariance(vectors.maps, vectors.inside)
    flow = build_flow(covariance, options.position_channels, options, seed=seed_of(source.seed, scale))
    return Density(
        number=scale,
        name=f"scale {scale + 1}",
        vectors=vectors,
        standardizer=standardizer,
        flow=flow,
        own=_WHITENING,
    )


def fit_scale(
    source: FeatureSource,
    store: FeatureStore,
    scale: int,
    options: CflowOptions,
    learn: Learn,
    *,
    rounded: bool = False,
) -> DistanceScale | LikelihoodScale:
    """Learn the density of one scale of a store, by itself; `learn` gives the flow."""
    device = source.device
    density = scale_density(source, store, scale, options, rounded=rounded)
    vectors = density.vectors
    condition = None if vectors.condition is None else vectors.condition.to(device)
    folded = FoldedFlow(learn(density), condition, density.standardizer).to(device)
    return as_scale(folded, vectors, options, device)
