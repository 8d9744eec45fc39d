import pytest
import torch

from flawflow.training.toy.crescents import draw_good
from flawflow.training.toy.learning import FALSE_REJECT_RATE, Toy, fit_toy


@pytest.fixture(scope="module")
def toy() -> Toy:
    return fit_toy(steps=400)


def test_the_threshold_keeps_its_promise_on_new_good_vectors(toy: Toy) -> None:
    fresh = draw_good(20_000, torch.Generator().manual_seed(77))
    for judge in (toy.flow, toy.gaussian):
        rejected = 1 - judge.accepts(fresh).float().mean().item()
        assert rejected == pytest.approx(FALSE_REJECT_RATE, abs=0.006)


def test_the_flow_finds_defects_that_the_gaussian_misses(toy: Toy) -> None:
    flow, gaussian = (1 - judge.accepts(toy.defective).float().mean() for judge in (toy.flow, toy.gaussian))
    assert flow > gaussian + 0.1


def test_the_same_seed_learns_the_same() -> None:
    assert fit_toy(steps=5, seed=3).flow.threshold == fit_toy(steps=5, seed=3).flow.threshold
