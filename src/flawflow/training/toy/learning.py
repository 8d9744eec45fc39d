"""A flow and a Gaussian learn the good vectors; each gets a threshold."""

from dataclasses import dataclass

import torch
from torch import Tensor

from flawflow.training.flows import (
    Affine,
    Bijection,
    Chain,
    Coupling,
    Rotation,
    ScaleShift,
    Whiten,
    likelihood_loss,
    log_prob,
)
from flawflow.training.flows.coupling import DAMPING
from flawflow.training.toy.crescents import draw_defective, draw_good

FALSE_REJECT_RATE = 0.01


@dataclass(frozen=True)
class DensityThreshold:
    """A density with a threshold on its log-likelihood."""

    density: Bijection
    threshold: float

    @torch.no_grad()
    def accepts(self, x: Tensor) -> Tensor:
        """Say which vectors, (N, 2), are likely enough: bool, (N,)."""
        return log_prob(self.density, x) >= self.threshold


@dataclass(frozen=True)
class Toy:
    """What the figure shows: two judges, and vectors that neither has seen.

    Attributes:
        flow: The learned flow.
        gaussian: The Gaussian of the same data.
        good: Good vectors, (N, 2).
        defective: Vectors that do not lie on the crescents, (N, 2).
    """

    flow: DensityThreshold
    gaussian: DensityThreshold
    good: Tensor
    defective: Tensor


def fit_toy(*, steps: int = 1500, seed: int = 0) -> Toy:
    """Train the flow on good vectors by maximum likelihood (eq. 7); set both thresholds on others."""
    generator = torch.Generator().manual_seed(seed)
    train, calibration = draw_good(10_000, generator), draw_good(5_000, generator)
    flow = _judge(fit_flow(_build(generator), train, steps, generator), calibration)
    gaussian = _judge(Whiten.from_data(train), calibration)
    return Toy(flow, gaussian, draw_good(300, generator), draw_defective(300, generator))


@torch.no_grad()
def _judge(density: Bijection, calibration: Tensor) -> DensityThreshold:
    return DensityThreshold(density, log_prob(density, calibration).quantile(FALSE_REJECT_RATE).item())


def _build(generator: torch.Generator) -> Chain:
    blocks: list[Bijection] = []
    for _ in range(12):
        blocks += (
            Coupling(Affine(), 2, hidden=64, damping=DAMPING, generator=generator),
            ScaleShift(2),
            Rotation(2, generator=generator),
        )
    return Chain(*blocks)


def fit_flow(
    flow: Chain, train: Tensor, steps: int, generator: torch.Generator, *, noise: float = 0.0
) -> Chain:
    """Train a flow by maximum likelihood on vectors, (N, 2), with Gaussian noise of a deviation."""
    optimizer = torch.optim.Adam(flow.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.01, total_steps=steps)
    for _ in range(steps):
        batch = train[torch.randint(len(train), (512,), generator=generator)]
        if noise:
            batch = batch + noise * torch.randn(batch.shape, generator=generator)
        optimizer.zero_grad()
        likelihood_loss(flow, batch).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(flow.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    return flow
