"""The default detector's schedule and distance."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from flawflow.learn.detector.cflow import Cflow
from flawflow.learn.detector.density import build_flow
from flawflow.learn.detector.folded import FoldedFlow
from flawflow.learn.detector.measured import DistanceScale, LikelihoodScale
from flawflow.learn.detector.options import CflowOptions
from flawflow.learn.flow import Chain, Rotation, Whiten, log_prob
from flawflow.learn.source import Progress, Source

MakeSource = Callable[[Sequence[int]], Source]


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


def test_both_measures_rank_the_vectors_of_a_scale_alike() -> None:
    log_p = torch.tensor([[-3.0, -7.0, -5.0, -40.0]])
    distance = DistanceScale(_Given(), torch.tensor(-2.0))(log_p[..., None])  # type: ignore[arg-type]
    likelihood = LikelihoodScale(_Given(), torch.tensor(-2.0), 4)(log_p[..., None])  # type: ignore[arg-type]
    assert distance.argsort().tolist() == likelihood.argsort().tolist()


@pytest.mark.parametrize(("steps", "expected"), [(12, 12), (1000, 30)])
def test_few_pictures_are_not_learned_by_heart(make_source: MakeSource, steps: int, expected: int) -> None:
    told: list[Progress] = []
    source = replace(make_source((8, 16)), on_progress=told.append)
    count = len(source.features.pictures)
    options = CflowOptions(steps=steps, steps_per_picture=30 // count, blocks=1, hidden=4, batch=16)
    Cflow(options).fit(source)
    last = [progress for progress in told if progress.stage == "Flows"][-1]
    assert last.done == last.total == 2 * expected
