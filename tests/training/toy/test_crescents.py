import pytest
import torch

from flawflow.training.toy.crescents import REACH, draw_defective, draw_good, true_log_density


def test_the_true_density_integrates_to_one() -> None:
    axis = torch.linspace(-REACH, REACH, 300)
    total = true_log_density(torch.cartesian_prod(axis, axis)).exp().sum() * (axis[1] - axis[0]) ** 2
    assert total.item() == pytest.approx(1, abs=0.01)


def test_draws_follow_the_true_density() -> None:
    x = draw_good(4000, torch.Generator().manual_seed(0))
    axis = torch.linspace(-REACH, REACH, 200)
    grid = torch.cartesian_prod(axis, axis)
    weight = true_log_density(grid).exp() * (axis[1] - axis[0]) ** 2
    torch.testing.assert_close(torch.cov(x.T), torch.cov(grid.T, aweights=weight), rtol=0, atol=0.08)
    entropy = -(weight * true_log_density(grid)).sum()
    torch.testing.assert_close(-true_log_density(x).mean(), entropy, rtol=0, atol=0.05)


def test_defects_are_unlikely() -> None:
    generator = torch.Generator().manual_seed(0)
    defective = draw_defective(300, generator)
    assert defective.shape == (300, 2)
    likely = true_log_density(draw_good(1000, generator)).quantile(0.01)
    assert bool((true_log_density(defective) < likely).all())
