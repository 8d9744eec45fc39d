import pytest
import torch
from torch.testing import assert_close

from flawflow.training.detectors.fitting import Batches, one_cycle
from flawflow.training.detectors.position_standardizer import PositionStandardizer


def test_one_cycle() -> None:
    assert one_cycle(1e-9) == pytest.approx(1 / 25)
    assert one_cycle(0.15) == pytest.approx((1 + 1 / 25) / 2)
    assert one_cycle(0.3) == pytest.approx(1.0)
    assert one_cycle(0.65) == pytest.approx(0.5, rel=1e-4)
    assert one_cycle(1.0) == pytest.approx(1e-5)
    rates = [one_cycle(step / 1000) for step in range(1, 1001)]
    assert rates[:300] == sorted(rates[:300])
    assert rates[300:] == sorted(rates[300:], reverse=True)
    assert min(rates) > 0
    assert max(rates) <= 1


def test_every_vector_comes_with_the_statistics_and_the_condition_of_its_place() -> None:
    positions, dimension, rows = 6, 4, 5
    maps = torch.randn(rows, positions, dimension, generator=torch.Generator().manual_seed(0))
    standardizer = PositionStandardizer.from_data(maps, noise=0.5)
    condition = torch.arange(positions)[:, None].float()
    places = torch.tensor([1, 2, 5])
    batches = Batches(
        name="a scale", maps=maps, standardizer=standardizer, condition=condition, places=places
    )
    assert batches.choices == rows * len(places)
    choice = torch.arange(batches.choices)
    x, given = batches.at(choice, torch.zeros(len(choice), dimension))
    assert given is not None
    assert given[:, 0].tolist() == [1, 2, 5] * rows
    assert_close(x, standardizer(maps)[:, places].flatten(0, 1))
    noisy, _ = batches.at(choice, torch.ones(len(choice), dimension))
    assert_close(noisy - x, standardizer.noise[places].repeat(rows, 1))
