from dataclasses import replace

import numpy as np
import torch
from sklearn.neighbors import NearestNeighbors

from flawflow.recipe.related_options import PatchSvddOptions
from flawflow.training.detectors.feature_fusion import product
from flawflow.training.detectors.patch_svdd import PatchSvdd

OPTIONS = PatchSvddOptions(steps=60, batch=128, hidden=32, projected=8, most=40)


def test_the_map_is_the_product_of_both_scales_distances(make_source, part_pictures):
    source = make_source((8, 16))
    detector = PatchSvdd(OPTIONS)
    detector.fit(source)
    with torch.inference_mode():
        pyramid = source.encoder(torch.from_numpy(part_pictures[:, ::-1].copy()))
        (found,) = detector(pyramid)
        projected = [
            scale.project(features.flatten(2).transpose(1, 2))
            for scale, features in zip(detector.scales, pyramid, strict=True)
        ]
    by_hand = []
    for scale, vectors, side in zip(detector.scales, projected, (8, 4), strict=True):
        assert scale.memory.shape == (40, 8)
        neighbours = NearestNeighbors(n_neighbors=1).fit(scale.memory.numpy())
        distance = neighbours.kneighbors(vectors.reshape(-1, 8).numpy())[0]
        by_hand.append(torch.from_numpy(distance).float().reshape(10, side, side))
    np.testing.assert_allclose(found.numpy(), product(by_hand).numpy(), rtol=1e-3, atol=1e-5)


def test_it_learns_to_tell_where_a_neighbour_lies(make_source):
    notes: list[float] = []

    def hear(progress) -> None:
        if progress.stage == "Projection 1":
            notes.append(float(progress.note.removeprefix("loss ")))

    source = make_source((8, 16))
    PatchSvdd(replace(OPTIONS, steps=200, peak_rate=5e-3)).fit(replace(source, on_progress=hear))
    # Who guesses one of eight directions loses ln 8 = 2.08 nats.
    assert notes[0] > 1.9
    assert notes[-1] < 1.6
