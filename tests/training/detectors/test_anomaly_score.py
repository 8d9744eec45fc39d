"""From likelihoods to anomalies: distances and what eq. 9 adds up."""

import math

import pytest
import torch
from torch import Tensor, nn

from flawflow.training.detectors.anomaly_score import DistanceScale, LikelihoodScale
from flawflow.training.detectors.folded import FoldedFlow
from flawflow.training.flows import Chain, Whiten, log_prob


class _Given(nn.Module):
    """Stands for a flow whose likelihoods are known."""

    constant = 3.0

    def energy(self, vectors: Tensor) -> Tensor:
        return 2 * (self.constant - vectors[..., 0])

    def forward(self, vectors: Tensor) -> Tensor:
        return vectors[..., 0]


def _distance(likelihoods: list[float], peak: float = 0.0) -> list[float]:
    scale = DistanceScale(_Given(), torch.tensor(peak))  # type: ignore[arg-type]
    return scale(torch.tensor(likelihoods)[None, :, None])[0].tolist()


def test_the_distance_falls_with_the_likelihood_and_has_no_bound() -> None:
    likelihoods = [-(10.0**power) for power in range(9, -3, -1)]
    distances = _distance(likelihoods)
    assert distances == sorted(distances, reverse=True)
    assert len(set(distances)) == len(distances)
    assert distances[0] == pytest.approx(math.sqrt(2e9), rel=1e-6)


def test_beyond_the_peak_all_are_equally_good() -> None:
    assert _distance([5.0, 1.0, 0.0]) == [1.0, 1.0, 1.0]


def test_the_last_bits_of_a_likelihood_are_no_distance() -> None:
    one, other = _distance([100.0, 100.0 - 1e-4], peak=100.0)
    assert abs(one - other) < 2e-4


def test_for_a_gaussian_it_is_the_mahalanobis_distance() -> None:
    mixing = torch.randn(5, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    covariance = mixing @ mixing.T + torch.eye(5)
    flow = Chain(Whiten(torch.zeros(5), torch.linalg.cholesky(covariance).float()))
    peak = log_prob(flow, torch.zeros(1, 5))[0]
    z = torch.randn(40, 5, generator=torch.Generator().manual_seed(1))
    distance = DistanceScale(FoldedFlow(flow, None), peak)(z[None])[0].double()
    mahalanobis = (z.double() * torch.linalg.solve(covariance, z.double().T).T).sum(dim=1)
    torch.testing.assert_close(distance.square() - 1, mahalanobis, rtol=1e-4, atol=1e-4)


def test_both_measures_rank_the_vectors_of_a_scale_alike() -> None:
    log_p = torch.tensor([[-3.0, -7.0, -5.0, -40.0]])
    distance = DistanceScale(_Given(), torch.tensor(-2.0))(log_p[..., None])  # type: ignore[arg-type]
    likelihood = LikelihoodScale(_Given(), torch.tensor(-2.0), 4)(log_p[..., None])  # type: ignore[arg-type]
    assert distance.argsort().tolist() == likelihood.argsort().tolist()
