import numpy as np
import torch
from sklearn.neighbors import NearestNeighbors

from flawflow.learn.detector import Patchcore
from flawflow.learn.detector.patchcore import PatchcoreOptions


def patches_by_hand(fine, coarse):
    """(N, H, W, D): 3 × 3 means, zeros beyond the edge; the coarse map halfway between its cells."""
    averaged = []
    for features in (fine, coarse):
        padded = np.pad(features, ((0, 0), (0, 0), (1, 1), (1, 1)))
        height, width = features.shape[2:]
        windows = [padded[:, :, r : r + height, c : c + width] for r in range(3) for c in range(3)]
        averaged.append(np.mean(windows, axis=0))
    enlarged = averaged[1]
    for axis in (2, 3):
        side = enlarged.shape[axis]
        place = np.clip((np.arange(2 * side) + 0.5) / 2 - 0.5, 0, side - 1)
        low = np.floor(place).astype(int)
        high = np.minimum(low + 1, side - 1)
        share = np.expand_dims(place - low, tuple(range(1, 4 - axis)))
        enlarged = enlarged.take(low, axis) * (1 - share) + enlarged.take(high, axis) * share
    return np.concatenate((averaged[0], enlarged), axis=1).transpose(0, 2, 3, 1)


def test_distances_are_those_of_scikit_learn_to_a_coreset_of_the_good_patches(make_source, part_pictures):
    source = make_source((8, 16))
    patchcore = Patchcore(PatchcoreOptions(share=0.1))
    patchcore.fit(source)
    others = part_pictures[:, ::-1].copy()
    with torch.inference_mode():
        pyramid = source.encoder(torch.from_numpy(others))
        (found,) = patchcore(pyramid)
        good = patches_by_hand(*(m.numpy() for m in source.encoder(torch.from_numpy(part_pictures))))
    asked = patches_by_hand(*(features.numpy() for features in pyramid))
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
