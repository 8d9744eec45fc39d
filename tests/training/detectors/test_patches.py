from dataclasses import replace

import numpy as np
import pytest
import torch

from flawflow.recipe.baseline_options import PatchOptions
from flawflow.training.detectors.patches import Patches


@pytest.mark.parametrize("pooling", ["none", "padded", "inner"])
def test_patches_are_those_of_numpy(pooling, make_source, part_pictures, patches_by_hand):
    source = make_source((8, 16))
    patches = Patches.from_source(source, PatchOptions(pooling=pooling, interpolation="bilinear"))
    with torch.inference_mode():
        pyramid = source.encoder(torch.from_numpy(part_pictures))
        found = patches(pyramid)
    expected = patches_by_hand(*(features.numpy() for features in pyramid), pooling)
    np.testing.assert_allclose(found, expected.reshape(*found.shape), rtol=1e-4, atol=1e-4)


def test_coarse_features_are_repeated_where_they_are_not_interpolated(make_source, part_pictures):
    source = make_source((8, 16))
    patches = Patches.from_source(source, PatchOptions())
    with torch.inference_mode():
        pyramid = source.encoder(torch.from_numpy(part_pictures))
        found = patches(pyramid).numpy().reshape(len(part_pictures), 8, 8, -1)
    coarse = pyramid[1].numpy().transpose(0, 2, 3, 1)
    fine = pyramid[0].shape[1]
    for row, column in ((0, 0), (3, 4), (7, 7)):
        assert np.array_equal(found[:, row, column, fine:], coarse[:, row // 2, column // 2])


def test_standardised_channels_have_mean_0_and_deviation_1_where_patches_count(make_source):
    source = make_source((8, 16))
    roi_mask = torch.zeros(64, 64, dtype=torch.bool)
    roi_mask[8:40, 16:64] = True
    store = replace(source.features, roi_mask=roi_mask)
    outside = torch.ones(64, dtype=torch.bool)
    outside[store.inside(0)] = False
    # At stride 16 the map is left alone: a patch inside sees its neighbours.
    fine = store.maps[0].clone()
    fine[:, outside] = 50.0
    options = PatchOptions(standardised=True)
    patches = Patches.from_source(replace(source, store=replace(store, maps=(fine, store.maps[1]))), options)
    (pyramid,) = store.plain_pyramids(source.device)
    vectors = patches(pyramid)[:, ~outside].flatten(0, 1).double()
    assert len(vectors) == 10 * 24
    torch.testing.assert_close(vectors.mean(dim=0), torch.zeros(vectors.shape[1]).double(), atol=1e-4, rtol=0)
    torch.testing.assert_close(vectors.std(dim=0), torch.ones(vectors.shape[1]).double(), atol=1e-4, rtol=0)


@pytest.mark.parametrize("still", ["one", "all"])
def test_channels_that_never_change_stay_finite(still: str, make_source):
    source = make_source((8, 16))
    store = source.features
    fine, coarse = (maps.clone() for maps in store.maps)
    fine[..., 3] = 7.0
    if still == "all":
        fine[:], coarse[:] = 7.0, 0.0
    changed = replace(source, store=replace(store, maps=(fine, coarse)))
    patches = Patches.from_source(changed, PatchOptions(standardised=True))
    (pyramid,) = changed.features.plain_pyramids(source.device)
    found = patches(pyramid)
    assert bool(torch.isfinite(found).all())
    assert float(found[..., 3].abs().max()) < 1e-3
    # Nor does another picture lead out of the numbers, or a little of it to a mountain beside other channels.
    if still == "all":
        assert bool(torch.isfinite(patches([features + 9 for features in pyramid]).square().sum(-1)).all())
    else:
        pyramid[0][:, 3] += 1e-3 * float(fine.std())
        assert float(patches(pyramid)[..., 3].abs().max()) < 1


def test_drawn_channels_follow_the_seed(make_source):
    source = make_source((8, 16))
    first, second = (Patches.from_source(source, PatchOptions(channels=20)) for _ in range(2))
    assert torch.equal(first.chosen, second.chosen)
    assert len(set(first.chosen.tolist())) == 20
    (pyramid,) = source.features.plain_pyramids(source.device)
    whole = Patches.from_source(source, PatchOptions())(pyramid)
    assert torch.equal(first(pyramid), whole[..., first.chosen])
