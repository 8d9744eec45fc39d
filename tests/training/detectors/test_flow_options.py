"""The flow family: every member starts as the same Gaussian, learns, and folds to the same function."""

from itertools import product

import pytest
import torch

from flawflow.recipe.options import CflowOptions
from flawflow.training.detectors.density import build_flow
from flawflow.training.detectors.folded import FoldedFlow
from flawflow.training.flows import log_prob

FAMILY = list(product(("affine", "additive"), ("swap", "rotation", "permutation", "lu"), (False, True)))


@pytest.mark.parametrize(("coupling", "mixing", "actnorm"), FAMILY)
def test_a_trained_flow_folds_to_the_same_density(coupling: str, mixing: str, actnorm: bool):
    generator = torch.Generator().manual_seed(2)
    factor = torch.randn(6, 6, generator=generator)
    vectors = torch.randn(300, 6, generator=generator) @ factor
    covariance = (factor.T @ factor).double()
    options = CflowOptions(blocks=2, hidden=12, coupling=coupling, mixing=mixing, actnorm=actnorm)  # type: ignore[arg-type]
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
    assert (options.coupling, options.mixing, options.actnorm) == ("affine", "swap", False)
