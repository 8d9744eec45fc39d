from dataclasses import replace

import pytest
import torch
from torch import nn

from flawflow.progress import Progress
from flawflow.recipe.related_options import LearningOptions
from flawflow.training.detectors import gradient
from flawflow.training.detectors.gradient import descend, seeded

OPTIONS = LearningOptions(steps=25, batch=4, peak_rate=0.1)


class _StoppedError(Exception):
    pass


@pytest.fixture
def source(make_source):
    return make_source((8,))


def line(generator: torch.Generator, module: nn.Module) -> torch.Tensor:
    x = torch.rand(4, 1, generator=generator)
    return (module(x) - 3 * x).square().mean()


def test_it_learns_and_tells_of_its_progress(source):
    told: list[Progress] = []
    module = seeded(0, lambda: nn.Linear(1, 1))
    descend(
        replace(source, on_progress=told.append),
        module,
        replace(OPTIONS, steps=300),
        lambda generator: line(generator, module),
        name="line",
    )
    assert module.weight.item() == pytest.approx(3, abs=0.05)
    assert not module.weight.requires_grad
    assert (told[-1].stage, told[-1].done, told[-1].total) == ("Line", 300, 300)
    assert told[-1].note.startswith("loss ")


def test_a_stopped_training_goes_on_to_the_same_numbers(source, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(gradient, "_KEEP_EVERY", 10)
    whole, stopped, resumed = (seeded(7, lambda: nn.Linear(1, 1)) for _ in range(3))
    apart = replace(source, work=source.work.within("apart"))
    descend(apart, whole, OPTIONS, lambda generator: line(generator, whole), name="line")
    calls = 0

    def until_17(generator: torch.Generator) -> torch.Tensor:
        nonlocal calls
        calls += 1
        if calls == 17:
            raise _StoppedError
        return line(generator, stopped)

    with pytest.raises(_StoppedError):
        descend(source, stopped, OPTIONS, until_17, name="line")
    steps = []

    def rest(generator: torch.Generator) -> torch.Tensor:
        steps.append(generator.initial_seed())
        return line(generator, resumed)

    descend(source, resumed, OPTIONS, rest, name="line")
    assert len(steps) == 15
    assert torch.equal(resumed.weight, whole.weight)
    assert torch.equal(resumed.bias, whole.bias)


def test_first_weights_depend_on_the_seed_alone():
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    first = seeded(1, lambda: nn.Linear(3, 3))
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.rand(3)
    assert torch.equal(first.weight, seeded(1, lambda: nn.Linear(3, 3)).weight)
    assert not torch.equal(first.weight, seeded(2, lambda: nn.Linear(3, 3)).weight)
