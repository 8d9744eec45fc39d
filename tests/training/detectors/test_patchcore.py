from dataclasses import replace

import numpy as np
import torch
from sklearn.neighbors import NearestNeighbors

from flawflow.recipe.baseline_options import NEAREST, PatchcoreOptions
from flawflow.training.detectors.patchcore import Patchcore


def test_distances_are_those_of_scikit_learn_to_a_coreset_of_the_good_patches(
    make_source, part_pictures, patches_by_hand
):
    source = make_source((8, 16))
    patchcore = Patchcore(PatchcoreOptions(share=0.1))
    patchcore.fit(source)
    others = part_pictures[:, ::-1].copy()
    with torch.inference_mode():
        pyramid = source.encoder(torch.from_numpy(others))
        (found,) = patchcore(pyramid)
        good = patches_by_hand(
            *(m.numpy() for m in source.encoder(torch.from_numpy(part_pictures))), "padded"
        )
    asked = patches_by_hand(*(features.numpy() for features in pyramid), "padded")
    dimension = asked.shape[-1]
    memory = patchcore.memory.numpy()
    assert memory.shape == (64, dimension)
    to_good, _ = NearestNeighbors(n_neighbors=1).fit(good.reshape(-1, dimension)).kneighbors(memory)
    np.testing.assert_allclose(to_good, 0, atol=1e-4)
    expected, _ = NearestNeighbors(n_neighbors=1).fit(memory).kneighbors(asked.reshape(-1, dimension))
    np.testing.assert_allclose(found.numpy().ravel(), expected[:, 0], rtol=1e-4, atol=1e-4)


def test_the_memory_has_an_upper_bound(make_source):
    patchcore = Patchcore(PatchcoreOptions(share=1.0, most=17, projected=8))
    patchcore.fit(make_source((8, 16)))
    assert len(patchcore.memory) == 17


def test_knn_measures_standardised_patches_against_random_good_ones(
    make_source, part_pictures, patches_by_hand
):
    source = make_source((8, 16))
    knn = Patchcore(replace(NEAREST, most=50))
    knn.fit(source)
    with torch.inference_mode():
        good_pyramid = source.encoder(torch.from_numpy(part_pictures))
        pyramid = source.encoder(torch.from_numpy(part_pictures[:, ::-1].copy()))
        (found,) = knn(pyramid)
    good, asked = (
        patches_by_hand(*(features.numpy() for features in maps), "inner").reshape(-1, knn.memory.shape[1])
        for maps in (good_pyramid, pyramid)
    )
    mean, deviation = good.mean(axis=0), good.std(axis=0, ddof=1)
    good, asked = (good - mean) / deviation, (asked - mean) / deviation
    memory = knn.memory.numpy()
    distance, which = NearestNeighbors(n_neighbors=1).fit(good).kneighbors(memory)
    np.testing.assert_allclose(distance, 0, atol=1e-3)
    # Drawn without repetition, from all pictures.
    assert len(set(which.ravel().tolist())) == 50
    assert set((which.ravel() // 64).tolist()) == set(range(10))
    expected, _ = NearestNeighbors(n_neighbors=1).fit(memory).kneighbors(asked)
    np.testing.assert_allclose(found.numpy().ravel(), expected[:, 0], rtol=1e-3, atol=1e-3)


def test_a_random_memory_follows_the_seed_and_holds_8000_at_most(make_source):
    source = make_source((8, 16))
    memories = []
    for seed in (5, 5, 6):
        knn = Patchcore(replace(NEAREST, most=50))
        knn.fit(replace(source, seed=seed, store=source.features))
        memories.append(knn.memory)
    assert torch.equal(memories[0], memories[1])
    assert not torch.equal(memories[0], memories[2])
    assert NEAREST.most == 8000
    whole = Patchcore(NEAREST)
    whole.fit(source)
    assert len(whole.memory) == 640
