import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.covariance import LedoitWolf

from flawflow.training.detectors.mahalanobis import Mahalanobis, ledoit_wolf


@settings(max_examples=20)
@given(seed=st.integers(0, 999), count=st.integers(3, 60), dimension=st.integers(2, 40))
def test_the_shrinkage_is_that_of_scikit_learn(seed: int, count: int, dimension: int):
    generator = np.random.default_rng(seed)
    mixed = generator.normal(size=(count, dimension)) @ generator.normal(size=(dimension, dimension)) + 3
    vectors = mixed.astype(np.float32)
    found = ledoit_wolf(torch.from_numpy(vectors)).numpy()
    expected = LedoitWolf().fit(vectors.astype(np.float64)).covariance_
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_constant_vectors_have_a_positive_covariance():
    assert bool((torch.linalg.eigvalsh(ledoit_wolf(torch.ones(5, 4))) > 0).all())


def test_each_scale_gives_the_distance_of_scikit_learn(make_source, part_pictures):
    source = make_source((8, 16))
    detector = Mahalanobis()
    detector.fit(source)
    others = part_pictures[:, ::-1].copy()
    with torch.inference_mode():
        good = source.encoder(torch.from_numpy(part_pictures))
        asked = source.encoder(torch.from_numpy(others))
        found = detector(asked)
    for k in range(2):
        assert found[k].shape == (10, 1, 1)
        fitted = LedoitWolf().fit(good[k].double().mean(dim=(2, 3)).numpy())
        expected = np.sqrt(fitted.mahalanobis(asked[k].double().mean(dim=(2, 3)).numpy()))
        np.testing.assert_allclose(found[k].ravel().numpy(), expected, rtol=1e-3)
