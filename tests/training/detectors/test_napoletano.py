import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA

from flawflow.recipe.related_options import NapoletanoOptions
from flawflow.training.detectors.napoletano import Napoletano


def test_the_distances_are_those_of_scikit_learn(fitted_beside_patches):
    detector = Napoletano(NapoletanoOptions(centres=4))
    found, vectors, others = fitted_beside_patches(detector)
    pca = PCA(n_components=0.95, svd_solver="full").fit(vectors)
    # From our own centres scikit-learn's rounds do not move any more; from others it finds none much better.
    projected = detector.centres.double().numpy() @ detector.components.double().numpy().T
    start = projected @ pca.components_.T
    words = KMeans(4, n_init=1, init=start, tol=0.0).fit(pca.transform(vectors))
    np.testing.assert_allclose(words.cluster_centers_, start, atol=1e-3)
    best = KMeans(4, n_init=20, random_state=0).fit(pca.transform(vectors)).inertia_
    assert words.inertia_ < 1.1 * best
    expected = words.transform(pca.transform(others)).min(axis=1)
    np.testing.assert_allclose(found.numpy().ravel(), expected, rtol=1e-3, atol=1e-3)
