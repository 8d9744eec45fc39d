"""A trained scale as inspection runs it: the same function with everything constant apart from the rest.

The condition of a position never changes, so its product with a subnet's first layer is a constant of
that position, which an engine computes once. What is affine between two couplings, whatever it was made
of, is one matrix; where it is only a swap of halves, it is nothing. A last one that keeps ‖u‖ goes. What
does not fold is run as it is.
"""

import copy
import functools
import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from flawflow.training.detectors.folded_parts import CouplingBlock, Exchange, Halve, Split, WholeBlock
from flawflow.training.detectors.position_standardizer import PositionStandardizer
from flawflow.training.flows import Bijection, Chain, log_prob
from flawflow.training.flows.coupling import split_channels
from flawflow.training.flows.folding import AffineFold, CouplingFold


class FoldedFlow(nn.Module):
    """log p̂(z|c) of every vector of a scale (eq. 8), in standardised coordinates.

    A graph holds the conditions and not their products, which are as many times larger as there are blocks
    and hidden units to a condition; engines multiply constants at loading.

    Args:
        flow: The bijections, in order.
        condition: The condition of each position, (H·W, C); None where the flow has none.
        standardizer: The positions' own affine layer, which comes first; None where there is none.

    Attributes:
        constant: log p̂ where the energy is 0.
    """

    condition: Tensor | None

    def __init__(
        self,
        flow: Iterable[Bijection],
        condition: Tensor | None,
        standardizer: PositionStandardizer | None = None,
    ) -> None:
        super().__init__()
        chain = Chain(*flow)
        # In a tuple it is not part of the module: it is neither exported nor moved.
        self._made_from = (chain, condition, standardizer)
        self.standardizer = None if standardizer is None else _PositionAffine(standardizer)
        self.register_buffer("condition", condition)
        self.blocks = nn.ModuleList()
        active, passive = split_channels(chain.dimension)
        constant = 0.0
        halved = False
        pending = nothing = AffineFold.identity(chain.dimension)
        for fold in chain.fold():
            if isinstance(fold, AffineFold):
                pending = pending.then(fold)
                continue
            if isinstance(fold, CouplingFold):
                between = _between(pending, passive, halved=halved)
                self.blocks.append(CouplingBlock(between, fold, active))
            else:
                between = nn.Identity() if pending is nothing else _between(pending, passive, halved=halved)
                self.blocks.append(WholeBlock(between, fold.bijection))
            halved = isinstance(fold, CouplingFold)
            constant += pending.log_det
            pending = nothing
        constant += pending.log_det
        self.last = None if _keeps_norm(pending) else _between(pending, passive, halved=halved)
        self.constant = constant - 0.5 * chain.dimension * math.log(2 * math.pi)

    def forward(self, vectors: Tensor) -> Tensor:
        """Measure vectors, (B, H·W, D) float32; gives (B, H·W), natural logarithm."""
        return self.constant - 0.5 * self.energy(vectors)

    def energy(self, vectors: Tensor) -> Tensor:
        """‖u‖² - 2·Σ log-scales: -2·log p̂ but for what is the same for all vectors.

        Args:
            vectors: (B, H·W, D) float32.

        Returns:
            (B, H·W) float32.
        """
        x = vectors if self.standardizer is None else self.standardizer(vectors)
        # Rows of one matrix from here on: engines do a product and its bias in one step for matrices alone.
        parts = [x.flatten(0, 1)]
        changes: list[Tensor] = []
        for block in self.blocks:
            parts, change = block(parts, self.condition, vectors.shape[0])
            changes.extend(() if change is None else (change,))
        if self.last is not None:
            parts = self.last(parts)
        # The parts are never put together: the norm does not need it.
        energy = _total([(part * part).sum(dim=1) for part in parts])
        # Those of one width are added first: a sum over channels takes longer than an addition.
        for width in sorted({change.shape[1] for change in changes}):
            alike = [change for change in changes if change.shape[1] == width]
            energy = energy - 2 * _total(alike).sum(dim=1)
        return energy.reshape(vectors.shape[:2])

    def unfolded(self) -> "UnfoldedFlow":
        """The flow that this was made from, to compare with."""
        return UnfoldedFlow(*self._made_from, constant=self.constant)


class UnfoldedFlow(nn.Module):
    """A scale as it was trained, in float64 on the CPU: what a `FoldedFlow` must be equal to."""

    def __init__(
        self,
        flow: Chain,
        condition: Tensor | None,
        standardizer: PositionStandardizer | None,
        *,
        constant: float,
    ) -> None:
        super().__init__()
        self.flow = copy.deepcopy(flow).cpu().double().eval()
        self.condition = None if condition is None else condition.cpu().double()
        self.standardizer = None if standardizer is None else copy.deepcopy(standardizer).cpu().double()
        self.constant = constant

    def forward(self, vectors: Tensor) -> Tensor:
        """As of `FoldedFlow`."""
        return self._log_prob(vectors).float()

    def energy(self, vectors: Tensor) -> Tensor:
        """As of `FoldedFlow`."""
        return (2 * (self.constant - self._log_prob(vectors))).float()

    def _log_prob(self, vectors: Tensor) -> Tensor:
        x = vectors.double() if self.standardizer is None else self.standardizer(vectors.double())
        rows = None if self.condition is None else self.condition.repeat(len(vectors), 1)
        return log_prob(self.flow, x.flatten(0, 1), rows).reshape(vectors.shape[:2])


def unfold(model: nn.Module) -> nn.Module:
    """Give a module whose folded flows are the flows that they were made from; the other parts are shared."""
    folded = [name for name, part in model.named_modules() if isinstance(part, FoldedFlow)]
    # An encoder, or a bank of features, may be too large to be there twice.
    shared = {id(part): part for part in model.modules() if not _holds_folded(part)}
    twin = copy.deepcopy(model, shared)
    for name in folded:
        parent, _, own = name.rpartition(".")
        setattr(twin.get_submodule(parent), own, model.get_submodule(name).unfolded())  # type: ignore[operator]
    return twin


def _holds_folded(module: nn.Module) -> bool:
    return any(isinstance(part, FoldedFlow) for part in module.modules())


def _total(terms: list[Tensor]) -> Tensor:
    return functools.reduce(torch.add, terms)


class _PositionAffine(nn.Module):
    gain: Tensor
    offset: Tensor

    def __init__(self, standardizer: PositionStandardizer) -> None:
        super().__init__()
        self.register_buffer("gain", 1 / standardizer.deviation)
        self.register_buffer("offset", -standardizer.mean / standardizer.deviation)

    def forward(self, vectors: Tensor) -> Tensor:
        return vectors * self.gain + self.offset


def _between(affine: AffineFold, passive: int, *, halved: bool) -> nn.Module:
    """What stands before a block, or after the last one, whether or not the vectors come in halves."""
    active = len(affine.offset) - passive
    if (
        not halved
        and not affine.offset.any()
        and torch.equal(affine.matrix, torch.eye(active + passive).double())
    ):
        return Halve(passive)
    if halved and active == passive and not affine.offset.any():
        swapped = torch.eye(2 * passive, dtype=torch.float64).roll(passive, dims=0)
        if torch.equal(affine.matrix, swapped):
            return Exchange()
    return Split(affine, passive)


def _keeps_norm(affine: AffineFold) -> bool:
    eye = torch.eye(len(affine.offset), dtype=torch.float64)
    # Rotations are made of float32 numbers.
    return not affine.offset.any() and torch.allclose(affine.matrix @ affine.matrix.T, eye, atol=1e-6)
