"""The reference recipe: its schedule, its vector batches, its scale of likelihoods."""

import math

import pytest
import torch
from torch import Tensor, nn

from flawflow.recipe.baseline_options import PaperOptions
from flawflow.training.detectors.anomaly_score import LikelihoodScale
from flawflow.training.detectors.paper_cflow import (
    PaperCflow,
    ScaleFitter,
    learning_rate,
    vector_batches,
)
from flawflow.training.position_encoding import sine_position

# By hand, from: Adam with 2e-4; 25 epochs of 8 passes; cosine per epoch down to 2e-7; linear warm-up over
# the first two epochs from 2e-5, to where the cosine of epoch 2 is.
# epoch e: 2e-7 + 1.998e-4·(1 + cos(π·e/25))/2
EPOCH_2 = 1.9686146e-4
TABLE = [
    (0, 0.0, 2.0e-5),
    (0, 0.5, 2.0e-5 + (EPOCH_2 - 2.0e-5) / 32),
    (8, 0.0, (2.0e-5 + EPOCH_2) / 2),
    (15, 0.75, 2.0e-5 + (EPOCH_2 - 2.0e-5) * 15.75 / 16),
    (16, 0.0, EPOCH_2),
    (16, 0.9, EPOCH_2),
    (23, 0.9, EPOCH_2),
    (24, 0.0, 1.9298467e-4),
    (100, 0.0, 1.0637277e-4),
    (104, 0.5, 9.3827227e-5),
    (199, 0.9, 9.8774134e-7),
]


class _Given(nn.Module):
    """Stands for a flow whose likelihoods are known."""

    def forward(self, vectors: Tensor) -> Tensor:
        return vectors[..., 0]


@pytest.mark.parametrize(("done", "share", "rate"), TABLE)
def test_learning_rate(done: int, share: float, rate: float) -> None:
    assert learning_rate(done, share) == pytest.approx(rate, rel=1e-6)


def test_the_rate_rises_through_the_warm_up_and_then_falls() -> None:
    rates = [learning_rate(done, 0.0) for done in range(200)]
    assert rates[:17] == sorted(rates[:17])
    assert rates[16:] == sorted(rates[16:], reverse=True)
    assert len(set(rates[16:])) == 23


def test_the_likelihoods_are_those_of_equation_9() -> None:
    dimension, peak = 4, 2.0
    log_p = torch.tensor([2.0, 1.0, -3.0, -20.0, -30.0, 3.0])
    found = LikelihoodScale(_Given(), torch.tensor(peak), dimension)(log_p[None, :, None])[0]  # type: ignore[arg-type]
    p = [min(1.0, math.exp((value - peak) / dimension)) for value in log_p.tolist()]
    assert found.tolist() == pytest.approx([1 - value for value in p], abs=1e-6)
    assert found.min() == 0
    assert found.max() < 1


def test_vectors_are_mixed_once_each_with_their_condition() -> None:
    height, width, dimension = 8, 12, 3
    condition = sine_position(height, width, 8).flatten(1).T
    features = torch.randn(6, dimension, height, width)
    batches = list(vector_batches(features, condition, torch.Generator().manual_seed(0)))
    assert [len(vectors) for vectors, _ in batches] == [256, 256], "576 vectors make two full batches"
    where = {
        tuple(features[b, :, y, x].tolist()): (y, x) for b in range(6) for y in range(8) for x in range(12)
    }
    seen = [tuple(vector.tolist()) for vectors, _ in batches for vector in vectors]
    assert len(set(seen)) == 512
    for vector, told in zip(seen, torch.cat([told for _, told in batches]), strict=True):
        y, x = where[vector]
        assert torch.equal(told, condition[y * width + x])
    assert seen[:12] != sorted(seen[:12], key=lambda vector: where[vector])


def test_a_small_map_makes_one_batch() -> None:
    condition = sine_position(2, 2, 8).flatten(1).T
    batches = list(vector_batches(torch.randn(5, 3, 2, 2), condition, torch.Generator()))
    assert [len(vectors) for vectors, _ in batches] == [20]


def test_a_learner_learns_with_the_rate_it_is_told() -> None:
    torch.manual_seed(0)
    fitter = ScaleFitter(6, (4, 4), seed=1, device=torch.device("cpu"))
    features = 3 * torch.randn(32, 6, 4, 4) + 5
    before = [parameter.clone() for parameter in fitter.flow.parameters()]
    fitter.fit(features, 0.0, torch.Generator().manual_seed(0))
    assert all(torch.equal(a, b) for a, b in zip(before, fitter.flow.parameters(), strict=True))
    losses = [fitter.fit(features, 1e-3, torch.Generator().manual_seed(s)) for s in range(12)]
    assert losses[-1] < 0.7 * losses[0]


def test_by_default_it_is_as_long_as_the_reference() -> None:
    assert PaperOptions().passes == 200
    aggregation = PaperCflow().aggregation
    assert (aggregation.by_position, aggregation.smoothing, aggregation.align_corners, aggregation.tail) == (
        False,
        0.0,
        True,
        0.0,
    )
