"""One scale's flow learns: steps of maximum likelihood on noisy vectors of all pictures, mixed."""

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from flawflow.training.cuda_graph import adam, as_cuda_graph
from flawflow.training.detectors.position_standardizer import PositionStandardizer
from flawflow.training.flows import Chain, log_prob
from flawflow.training.parallel import ProgressCounter
from flawflow.training.row_view import Rows, vectors_at
from flawflow.training.unfinished_work import WorkFolder, pack, unpack

# How often unfinished work is written down, in steps, and progress is reported.
_STEPS_PER_CHECKPOINT = 250
_STEPS_PER_REPORT = 10


class Learner(Protocol):
    """For whom a flow learns."""

    @property
    def seed(self) -> int:
        """Of every random choice."""

    @property
    def device(self) -> torch.device:
        """Where to learn."""

    @property
    def work(self) -> WorkFolder:
        """Where unfinished work is kept."""


class Drawn(Protocol):
    """What a flow learns from: vectors that are drawn at random."""

    @property
    def name(self) -> str:
        """What the flow is called in progress."""

    @property
    def choices(self) -> int:
        """How many vectors there are to choose from."""

    @property
    def device(self) -> torch.device:
        """Where they lie."""

    def at(self, choice: Tensor, noise: Tensor) -> tuple[Tensor, Tensor | None]:
        """The vectors of a choice, (N,) int64, with noise, (N, D) standard normal; and their condition."""


@dataclass(frozen=True, kw_only=True)
class Batches:
    """Standardised vectors of one product with their noise and their condition, as `Drawn`.

    Attributes:
        name: As of `Drawn`.
        maps: Features of a scale, (rows, H·W, D) float32, on any device.
        standardizer: The positions' statistics, on the device that learns.
        condition: The condition of each position, (H·W, C), there too; None for none.
        places: The positions to learn from, (P,) int64, there too.
    """

    name: str
    maps: Rows
    standardizer: PositionStandardizer
    condition: Tensor | None
    places: Tensor

    @property
    def choices(self) -> int:
        """As of `Drawn`."""
        return len(self.maps) * len(self.places)

    @property
    def device(self) -> torch.device:
        """As of `Drawn`."""
        return self.maps.device

    def at(self, choice: Tensor, noise: Tensor) -> tuple[Tensor, Tensor | None]:
        """As of `Drawn`."""
        position = self.places[choice % len(self.places)]
        rows = choice // len(self.places)
        found = vectors_at(self.maps, rows.to(self.maps.device), position.to(self.maps.device))
        x = self.standardizer(found.to(choice.device), position)
        x = torch.addcmul(x, self.standardizer.noise[position], noise)
        return x, None if self.condition is None else self.condition[position]


def fit_flow(
    learner: Learner,
    flow: Chain,
    batches: Drawn,
    *,
    scale: int,
    steps: int,
    batch: int,
    peak_rate: float,
    progress_counter: ProgressCounter,
) -> None:
    """Maximise the likelihood (eq. 7, in nats per channel) of noisy vectors.

    Args:
        learner: Whose seed and device count, and which keeps unfinished work.
        flow: What learns, on the learner's device.
        batches: What it learns from.
        scale: The number of the scale: each has random numbers of its own.
        steps: Steps of Adam.
        batch: Vectors in a step.
        peak_rate: Highest learning rate of the one-cycle schedule.
        progress_counter: Counts the steps.
    """
    device = learner.device
    # What changes from step to step stays in its place, so that a step can be recorded.
    optimiser, rate = adam(flow, peak_rate, device)
    choice = torch.zeros(batch, dtype=torch.int64, device=device)
    noise = torch.zeros(batch, flow.dimension, device=device)

    def step() -> Tensor:
        x, condition = batches.at(choice, noise)
        loss = -log_prob(flow, x, condition).mean() / x.shape[1]
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(flow.parameters(), 1.0)
        optimiser.step()
        return loss.detach()

    # Features that did not fit the GPU are fetched at every step, which cannot be recorded; nor can a flow
    # whose steps take numbers from the GPU.
    take_step = as_cuda_graph(step, batches.device if flow.exportable else torch.device("cpu"))
    kept = learner.work.load(f"scale-{scale}")
    first = 0 if kept is None else unpack(flow, optimiser, kept)
    progress_counter.add(first)
    generator = torch.Generator(device)
    for done in range(first + 1, steps + 1):
        # Each step draws from a seed of its own, so that going on needs no generator's state.
        generator.manual_seed(seed_of(learner.seed, scale, done - 1))
        torch.randint(batches.choices, (batch,), generator=generator, out=choice)
        torch.randn(noise.shape, generator=generator, out=noise)
        rate.fill_(peak_rate * one_cycle(done / steps))
        loss = take_step()
        if done % _STEPS_PER_CHECKPOINT == 0 or done == steps:
            learner.work.save(f"scale-{scale}", pack(flow, optimiser, done))
        if done % _STEPS_PER_REPORT == 0:
            progress_counter.add(_STEPS_PER_REPORT, f"{batches.name}: {-loss.item():.3f} nats/channel")
    progress_counter.add((steps - first) % _STEPS_PER_REPORT)


def one_cycle(progress: float) -> float:
    """The learning rate at a share of the training, in (0, 1], as a share of its peak.

    A cosine from 1/25 up to 1 at three tenths of the way, then a cosine down to almost nothing
    (https://arxiv.org/abs/1708.07120).
    """
    if progress < 0.3:
        return _cosine(1 / 25, 1.0, progress / 0.3)
    return _cosine(1.0, 1e-5, (progress - 0.3) / 0.7)


def _cosine(start: float, end: float, progress: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * progress)) / 2


def seed_of(*numbers: int) -> int:
    """A seed of its own for every combination of numbers."""
    mixed = 0
    for number in numbers:
        mixed = (mixed * 6364136223846793005 + number + 1442695040888963407) % 2**63
    return mixed
