import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA

from flawflow.training.detectors.nearest_neighbors import nearest_distance
from flawflow.training.detectors.principal import k_means, lloyd, principal_components


def correlated(count: int, dimension: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    scales = 2.0 ** -torch.arange(dimension)
    mixed = torch.linalg.qr(torch.randn(dimension, dimension, generator=generator))[0]
    return torch.randn(count, dimension, generator=generator) * scales @ mixed + 5


@pytest.mark.parametrize("share", [0.5, 0.95, 0.999])
def test_components_are_those_of_scikit_learn(share: float):
    vectors = correlated(500, 8)
    mean, components = principal_components(vectors, share)
    oracle = PCA(n_components=share, svd_solver="full").fit(vectors.double().numpy())
    assert components.shape == (8, oracle.n_components_)
    np.testing.assert_allclose(mean, oracle.mean_, rtol=1e-5)
    # A component's sign is nobody's.
    same = np.abs((components.T.numpy() * oracle.components_).sum(axis=1))
    np.testing.assert_allclose(same, 1, atol=1e-5)


def test_the_whole_variance_takes_all_components():
    assert principal_components(correlated(500, 8), 1.0)[1].shape == (8, 8)


def test_rounds_end_where_those_of_scikit_learn_do():
    vectors = correlated(2000, 4)
    start = vectors[:7]
    oracle = KMeans(7, init=start.numpy(), n_init=1, tol=0.0, max_iter=1000, algorithm="lloyd").fit(
        vectors.numpy()
    )
    np.testing.assert_allclose(lloyd(vectors, start), oracle.cluster_centers_, atol=1e-4)


def test_the_best_of_several_beginnings_counts_and_the_seed_decides():
    generator = torch.Generator().manual_seed(0)
    middles = torch.tensor([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0], [9.0, 9.0]])
    vectors = (middles[:, None] + 0.1 * torch.randn(4, 100, 2, generator=generator)).reshape(-1, 2)
    centres = k_means(vectors, 4, restarts=3, seed=1)
    torch.testing.assert_close(nearest_distance(middles[None], centres)[0], torch.zeros(4), atol=0.1, rtol=0)
    assert torch.equal(centres, k_means(vectors, 4, restarts=3, seed=1))


def test_fewer_vectors_than_centres_are_all_centres():
    vectors = torch.eye(3)
    centres = k_means(vectors, 10, restarts=1, seed=0)
    assert float(nearest_distance(vectors[None], centres).max()) == 0
    assert len(k_means(torch.ones(20, 2), 5, restarts=1, seed=0)) == 5
