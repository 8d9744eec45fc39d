"""A density of feature vectors: where its flow begins, and how long it learns."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
import torch

from flawflow.recipe.options import CflowOptions
from flawflow.training.detectors.density import build_flow, coupling_blocks, limited, sine_condition
from flawflow.training.feature_source import FeatureSource
from flawflow.training.flows import Chain, Rotation, log_prob
from flawflow.training.position_encoding import sine_position

MakeSource = Callable[[Sequence[int]], FeatureSource]


def test_a_fresh_flow_is_the_gaussian_optimum() -> None:
    mixing = torch.randn(6, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    covariance = mixing @ mixing.T + torch.eye(6)
    flow = build_flow(covariance, 8, CflowOptions(blocks=3, hidden=16, mixing="rotation"), seed=1)
    z, condition = torch.randn(20, 6), torch.randn(20, 8)
    expected = torch.distributions.MultivariateNormal(torch.zeros(6).double(), covariance).log_prob(
        z.double()
    )
    torch.testing.assert_close(log_prob(flow, z, condition).double(), expected, rtol=1e-4, atol=1e-4)
    assert isinstance(list(flow)[-1], Rotation)


@pytest.mark.parametrize("mixing", ["swap", "permutation", "rotation"])
def test_fresh_blocks_keep_the_norm(mixing: str) -> None:
    generator = torch.Generator().manual_seed(1)
    options = CflowOptions(blocks=3, hidden=16, mixing=mixing)  # type: ignore[arg-type]
    flow = Chain(*coupling_blocks(6, 8, options, generator))
    z, condition = torch.randn(20, 6, generator=generator), torch.randn(20, 8, generator=generator)
    expected = torch.distributions.Normal(0, 1).log_prob(z).sum(dim=1)
    torch.testing.assert_close(log_prob(flow, z, condition), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("steps", "expected"), [(1, 1), (12, 12), (30, 30), (31, 30), (1000, 30)])
def test_few_pictures_take_fewer_steps(make_source: MakeSource, steps: int, expected: int) -> None:
    store = make_source((8, 16)).features
    options = CflowOptions(steps=steps, steps_per_picture=3)
    assert limited(options, store) == replace(options, steps=expected)
    # Views count.
    twice = replace(store, maps=tuple(maps.repeat(2, 1, 1) for maps in store.maps), views=2)
    assert limited(options, twice).steps == min(steps, 60)


def test_a_condition_stands_at_its_position() -> None:
    condition = sine_condition((3, 5), 8)
    assert condition is not None
    assert torch.equal(condition[1 * 5 + 2], sine_position(3, 5, 8)[:, 1, 2])
    assert sine_condition((3, 5), 0) is None
