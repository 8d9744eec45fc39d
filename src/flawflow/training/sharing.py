"""From the good pictures of many products to the flows that they share."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

import torch
from safetensors.torch import load, save
from torch import Tensor

from flawflow.datasets import Dataset
from flawflow.errors import TrainingError
from flawflow.progress import OnProgress, ignore_progress
from flawflow.recipe import Recipe
from flawflow.recipe.options import CflowOptions
from flawflow.training.detectors.density import coupling_blocks, scale_density
from flawflow.training.detectors.fitting import fit_flow, seed_of
from flawflow.training.detectors.fused_features import FUSED_SCALE_COUNT
from flawflow.training.detectors.fused_scale import FINE_FUSION, fused_density, fused_gaussian
from flawflow.training.detectors.unlearned import Density
from flawflow.training.feature_source import FeatureSource
from flawflow.training.flows import Chain
from flawflow.training.parallel import ProgressCounter, run_parallel
from flawflow.training.prepare import prepare
from flawflow.training.shared_flows import MadeFor, SharedFlows, as_made_for, made_for, options_of
from flawflow.training.split import set_aside
from flawflow.training.unfinished_work import WorkFolder, stored_text

_FACTS = "flawflow.vectors"
# A seed for what is drawn of a product's vectors.
_DRAW = 99
# Steps for several products, in those for one.
_TIMES = 2


@dataclass(frozen=True)
class DrawnVectors:
    """Whitened vectors of a product, with noise.

    Attributes:
        facts: As of `made_for`.
        tensors: "NUMBER.vectors", (count, D), of each density that has a flow, and "NUMBER.condition",
            (count, C), C 0 for no condition.
    """

    facts: MadeFor
    tensors: Mapping[str, Tensor]

    def to_bytes(self) -> bytes:
        """As safetensors."""
        return save({**self.tensors}, {_FACTS: json.dumps(self.facts)})

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read what `to_bytes` gave."""
        return cls(as_made_for(json.loads(stored_text(content, _FACTS))), load(content))


def draw_vectors(
    data: Dataset,
    folder: Path,
    recipe: Recipe,
    count: int,
    *,
    device: str = "auto",
    on_progress: OnProgress = ignore_progress,
) -> DrawnVectors:
    """Draw vectors of a product's good pictures; none is of a picture that is held out to calibrate.

    Args:
        data: Whose good training pictures are learned from.
        folder: Where features are kept meanwhile; it is removed.
        recipe: The product's, which does not cross-fit.
        count: How many vectors of each density.
        device: "auto", "cpu" or "cuda".
        on_progress: Called with each step of progress.

    Raises:
        FlawflowError: Something does not fit; the message says what and the way out.
    """
    prepared = prepare(data, folder, recipe, device=device, on_progress=on_progress)
    assert not prepared.setup.is_cross_fitted, "all pictures of a product that is cross-fitted calibrate it"
    source, _ = set_aside(prepared.checked.source, prepared.parts.held_out)
    facts = made_for(recipe, source.encoder)
    tensors = _drawn(source, options_of(facts), count)
    prepared.work.remove()
    return DrawnVectors(facts, tensors)


def _densities(source: FeatureSource, options: CflowOptions) -> list[Density]:
    store = source.features
    singles = range(len(store.maps) - FUSED_SCALE_COUNT)
    features, gaussian = fused_gaussian(source, FINE_FUSION, options, rounded=True)
    return [
        *(scale_density(source, store, scale, options, rounded=True) for scale in singles),
        fused_density(source, FINE_FUSION, options, features, gaussian),
    ]


def _drawn(source: FeatureSource, options: CflowOptions, count: int) -> dict[str, Tensor]:
    found = {}
    for density in _densities(source, options):
        batches = density.batches(torch.device("cpu"))
        generator = torch.Generator().manual_seed(seed_of(source.seed, density.number, _DRAW))
        choice = torch.randint(batches.choices, (count,), generator=generator)
        noise = torch.randn(count, density.flow.dimension, generator=generator)
        vectors, condition = batches.at(choice, noise)
        for bijection in [*density.flow][: density.own]:
            vectors, _ = bijection(vectors, None)
        found[f"{density.number}.vectors"] = vectors
        found[f"{density.number}.condition"] = vectors[:, :0] if condition is None else condition
    return found


@dataclass(frozen=True)
class Pooled:
    """The vectors of all products as a flow draws them (`flawflow.training.detectors.fitting.Drawn`)."""

    name: str
    vectors: Tensor
    condition: Tensor

    @property
    def choices(self) -> int:
        """How many vectors there are."""
        return len(self.vectors)

    @property
    def device(self) -> torch.device:
        """Where they lie."""
        return self.vectors.device

    def at(self, choice: Tensor, noise: Tensor) -> tuple[Tensor, Tensor | None]:
        """The vectors of a choice; their noise is in them."""
        del noise
        return self.vectors[choice], self.condition[choice] if self.condition.shape[1] else None


@dataclass(frozen=True)
class Learning:
    """For whom the flows learn (`flawflow.training.detectors.fitting.Learner`)."""

    seed: int
    device: torch.device
    work: WorkFolder


def learn_shared(
    drawn: Sequence[DrawnVectors],
    recipe: Recipe,
    learning: Learning,
    on_progress: OnProgress = ignore_progress,
) -> SharedFlows:
    """Learn flows from what was drawn of all products, each as much as any other.

    Args:
        drawn: Of each product.
        recipe: As of `SharedFlows`.
        learning: For whom.
        on_progress: Called with each step of progress.

    Raises:
        TrainingError: The products differ in what must be the same.
    """
    facts = drawn[0].facts
    options = options_of(facts)
    if any(product.facts != facts for product in drawn):
        raise TrainingError("The products' encoders or recipes differ: give all the same.")
    numbers = sorted({int(key.partition(".")[0]) for key in drawn[0].tensors})
    steps = options.steps * min(len(drawn), _TIMES)
    counter = ProgressCounter("Shared flows", steps * len(numbers), on_progress)

    def learned(number: int) -> Chain:
        pooled = _pooled([product.tensors for product in drawn], number, learning.device)
        generator = torch.Generator().manual_seed(seed_of(learning.seed, number))
        blocks = coupling_blocks(pooled.vectors.shape[1], pooled.condition.shape[1], options, generator)
        flow = Chain(*blocks).to(learning.device)
        fit_flow(
            learning,
            flow,
            pooled,
            scale=number,
            steps=steps,
            batch=options.batch,
            peak_rate=options.peak_rate,
            progress_counter=counter,
        )
        return flow

    flows = run_parallel([partial(learned, number) for number in numbers], counter, learning.device)
    return SharedFlows(facts, dict(zip(numbers, flows, strict=True)), recipe)


def _pooled(drawn: Sequence[Mapping[str, Tensor]], number: int, device: torch.device) -> Pooled:
    parts = [tensors[f"{number}.vectors"] for tensors in drawn]
    if len({part.shape[1] for part in parts}) > 1:
        raise TrainingError(
            "Some products have too few pictures at their size to tell as many channels apart as others do: "
            "give more, or a larger size."
        )
    condition = torch.cat([tensors[f"{number}.condition"] for tensors in drawn])
    return Pooled(f"flow {number + 1}", torch.cat(parts).to(device), condition.to(device))
