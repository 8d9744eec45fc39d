import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

from flawflow.progress import ignore_progress
from flawflow.training.detectors import nearest_neighbors
from flawflow.training.detectors.nearest_neighbors import greedy_coreset, nearest_distance, random_projection


@settings(max_examples=20)
@given(
    seed=st.integers(0, 999),
    memory=st.integers(1, 90),
    dimension=st.integers(1, 12),
    part=st.integers(1, 100),
)
def test_nearest_distance_is_that_of_scikit_learn(seed: int, memory: int, dimension: int, part: int):
    generator = np.random.default_rng(seed)
    kept = generator.normal(3, 2, (memory, dimension)).astype(np.float32)
    asked = generator.normal(3, 2, (2, 7, dimension)).astype(np.float32)
    asked[0, 0] = kept[0]
    whole, nearest_neighbors._VECTORS_AT_ONCE = nearest_neighbors._VECTORS_AT_ONCE, part
    try:
        found = nearest_distance(torch.from_numpy(asked), torch.from_numpy(kept)).numpy()
    finally:
        nearest_neighbors._VECTORS_AT_ONCE = whole
    expected, _ = NearestNeighbors(n_neighbors=1).fit(kept).kneighbors(asked.reshape(-1, dimension))
    # Of neighbours that are almost equally near, either may be found.
    np.testing.assert_allclose(found.ravel(), expected[:, 0], atol=2e-3)
    assert found[0, 0] == 0


def test_the_coreset_covers_as_the_greedy_choice_does():
    vectors = torch.randn(200, 5, generator=torch.Generator().manual_seed(3))
    chosen = greedy_coreset(vectors, 20, seed=1, on_progress=ignore_progress).tolist()
    assert len(set(chosen)) == 20
    for count in range(1, 20):
        reach = torch.cdist(vectors, vectors[chosen[:count]]).min(dim=1).values
        torch.testing.assert_close(reach[chosen[count]], reach.max())


def test_a_coreset_of_all_vectors_is_all_even_where_some_are_equal():
    vectors = torch.zeros(9, 3)
    assert sorted(greedy_coreset(vectors, 9, seed=0, on_progress=ignore_progress).tolist()) == list(range(9))


def test_projection_keeps_distances_nearly():
    vectors = torch.randn(50, 2000, generator=torch.Generator().manual_seed(1))
    assert random_projection(vectors, 2000, seed=0) is vectors
    small = random_projection(vectors, 256, seed=0)
    assert small.shape == (50, 256)
    ratio = torch.pdist(small) / torch.pdist(vectors)
    assert 0.75 < float(ratio.min()) < float(ratio.max()) < 1.25
