"""Steps of Adam that are counted, kept and resumed: for what learns neither a flow nor in closed form."""

import zlib
from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor, nn

from flawflow.progress import Progress
from flawflow.recipe.related_options import LearningOptions
from flawflow.training.cuda_graph import adam
from flawflow.training.detectors.fitting import one_cycle, seed_of
from flawflow.training.feature_source import FeatureSource
from flawflow.training.unfinished_work import pack, unpack

_KEEP_EVERY = 100
_TELL_EVERY = 10

Module = TypeVar("Module", bound=nn.Module)
Loss = Callable[[torch.Generator], Tensor]


def descend(
    source: FeatureSource, module: nn.Module, options: LearningOptions, loss: Loss, *, name: str
) -> None:
    """Lower a loss; a training that was stopped goes on with the same numbers.

    Args:
        source: Whose seed and device count, who keeps unfinished work and receives the progress.
        module: Whose parameters learn, in training mode until then; batch statistics would not be kept.
        options: How many steps, and how large.
        loss: Gives the loss of a step, (); whatever is random in it comes from the generator, which each
            step has of its own, on the source's device.
        name: Of this piece of work, unique within a detector.
    """
    module.to(source.device).train()
    optimiser, rate = adam(module, options.peak_rate, source.device)
    kept = source.work.load(name)
    first = 0 if kept is None else unpack(module, optimiser, kept)
    generator = torch.Generator(source.device)
    for done in range(first + 1, options.steps + 1):
        generator.manual_seed(seed_of(source.seed, zlib.crc32(name.encode()), done - 1))
        rate.fill_(options.peak_rate * one_cycle(done / options.steps))
        value = loss(generator)
        optimiser.zero_grad(set_to_none=True)
        value.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(module.parameters(), 1.0)
        optimiser.step()
        if done % _KEEP_EVERY == 0 or done == options.steps:
            source.work.save(name, pack(module, optimiser, done))
        if done % _TELL_EVERY == 0 or done == options.steps:
            note = f"loss {value.item():.4g}"
            source.on_progress(Progress(name.capitalize(), done, options.steps, note))
    module.zero_grad()
    module.requires_grad_(False).eval()


def seeded(seed: int, make: Callable[[], Module]) -> Module:
    """Make a module whose first weights depend on the seed alone; torch's own numbers go on as they were."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make()
