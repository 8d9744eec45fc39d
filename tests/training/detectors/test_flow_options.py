"""The flow family: every member starts as the same Gaussian, learns, and folds to the same function."""

from dataclasses import asdict
from itertools import product
from typing import Any

import pytest
import torch

from flawflow.recipe.options import FLOWS, CflowOptions, why_not_exported
from flawflow.training.detectors.density import build_flow
from flawflow.training.detectors.folded import FoldedFlow
from flawflow.training.flows import Residual, log_prob

FAMILY = [
    {"coupling": coupling, "mixing": mixing, "actnorm": actnorm}
    for coupling, mixing, actnorm in product(
        ("affine", "additive"), ("swap", "rotation", "permutation", "lu"), (False, True)
    )
] + [dict(changes) for changes in FLOWS.values()]


@pytest.mark.parametrize("changes", FAMILY, ids=str)
def test_a_trained_flow_folds_to_the_same_density(changes: dict[str, Any]):
    if changes.get("block") == "continuous":
        pytest.importorskip("torchdiffeq")
    generator = torch.Generator().manual_seed(2)
    factor = torch.randn(6, 6, generator=generator)
    vectors = torch.randn(300, 6, generator=generator) @ factor
    covariance = (factor.T @ factor).double()
    options = CflowOptions(blocks=2, hidden=12, **changes)
    flow = build_flow(covariance, 0, options, seed=1)
    gauss = torch.distributions.MultivariateNormal(torch.zeros(6), covariance.float())
    torch.testing.assert_close(log_prob(flow, vectors), gauss.log_prob(vectors), rtol=1e-3, atol=1e-2)
    optimiser = torch.optim.Adam(flow.parameters(), lr=0.02)
    before = float(-log_prob(flow, vectors).mean().detach())
    for _ in range(20):
        optimiser.zero_grad()
        loss = -log_prob(flow, vectors).mean()
        loss.backward()
        optimiser.step()
    assert float(loss.detach()) < before
    with torch.inference_mode():
        expected = log_prob(flow, vectors)
    folded = FoldedFlow(flow, None)
    torch.testing.assert_close(folded(vectors[None])[0], expected, rtol=1e-4, atol=1e-3)


def test_the_default_is_realnvp_with_swaps():
    options = CflowOptions()
    assert (options.block, options.coupling, options.mixing) == ("coupling", "affine", "swap")
    assert not options.actnorm


@pytest.mark.parametrize("flow", FLOWS)
def test_recipes_know_what_can_be_exported(flow: str):
    options = CflowOptions(**FLOWS[flow])
    built = build_flow(torch.eye(4, dtype=torch.float64), 0, options, seed=1)
    assert built.exportable == (why_not_exported(asdict(options)) is None)


def test_an_estimate_that_is_resumed_draws_as_one_that_went_on():
    """Both the dimension and the width are too large for determinants."""
    generator = torch.Generator().manual_seed(0)
    vectors = torch.randn(8, 66, generator=generator)
    block = Residual(66, hidden=66, generator=generator)
    assert not block.is_exact
    block(vectors)
    resumed = Residual(66, hidden=66)
    resumed.load_state_dict(block.state_dict())
    first, second = block(vectors)[1], block(vectors)[1]
    assert torch.equal(resumed(vectors)[1], first)
    assert not torch.equal(first, second)
    folded = FoldedFlow([block], None)
    assert torch.equal(folded(vectors[None]), folded(vectors[None]))
    torch.testing.assert_close(folded.unfolded()(vectors[None]), folded(vectors[None]), rtol=1e-4, atol=1e-3)
