import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from flawflow.recipe.baseline_options import SpadeOptions
from flawflow.training.detectors.feature_fusion import fuse
from flawflow.training.detectors.spade import Spade
from flawflow.training.train import _some_pictures


@pytest.mark.parametrize("neighbours", [1, 3, 50])
def test_both_searches_are_those_of_scikit_learn(make_source, part_pictures, neighbours: int):
    source = make_source((4, 8, 16))
    spade = Spade(SpadeOptions(neighbours=neighbours))
    spade.fit(source)
    others = np.roll(part_pictures[:3], 5, axis=1)
    with torch.inference_mode():
        good = source.encoder(torch.from_numpy(part_pictures))
        asked = source.encoder(torch.from_numpy(others))
        (found,) = spade(asked)
    assert found.shape == (3, 8, 8)
    kept, queries = (fuse(maps, (8, 8), mode="bilinear").flatten(2).numpy() for maps in (good, asked))
    pictures = NearestNeighbors(n_neighbors=min(neighbours, 10)).fit(good[-1].mean(dim=(2, 3)).numpy())
    _, closest = pictures.kneighbors(asked[-1].mean(dim=(2, 3)).numpy())
    for n in range(3):
        gallery = kept[closest[n]].transpose(0, 2, 1).reshape(-1, kept.shape[1])
        expected, _ = NearestNeighbors(n_neighbors=1).fit(gallery).kneighbors(queries[n].T)
        np.testing.assert_allclose(found[n].numpy().ravel(), expected[:, 0], rtol=1e-3, atol=1e-4)


def test_the_pictures_that_an_export_is_checked_with_are_not_all_remembered(make_source):
    source = make_source((4, 8, 16))
    spade = Spade()
    spade.fit(source)
    with torch.inference_mode():
        (found,) = spade(source.encoder(torch.from_numpy(np.stack(_some_pictures(source)))))
    reach = found.flatten(1).amax(dim=1)
    assert float(reach[:-1].max()) < 1e-2 * float(reach[-1])
