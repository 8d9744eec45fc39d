import numpy as np
import pytest
import torch
from sklearn.covariance import LedoitWolf

from flawflow.recipe.related_options import CutPasteOptions
from flawflow.training.augment import view_generator
from flawflow.training.detectors.cutpaste import CutPaste
from flawflow.training.pasting import cut_paste


@pytest.mark.parametrize(("places", "strides"), [(False, (8, 16)), (True, (8, 16))])
def test_the_score_is_the_distance_in_the_last_layers_gaussian(
    places: bool, strides, make_source, part_pictures
):
    source = make_source(strides)
    detector = CutPaste(CutPasteOptions(steps=40, batch=96, places=places, density_channels=6))
    detector.fit(source)
    asked = torch.from_numpy(part_pictures[:, ::-1].copy())
    with torch.inference_mode():
        (found,) = detector(source.encoder(asked))
        good, others = (
            detector._represented(detector._vectors(source.encoder(pictures))).reshape(-1, 6).double()
            for pictures in (torch.from_numpy(part_pictures), asked)
        )
    assert found.shape == ((10, 8, 8) if places else (10, 1, 1))
    oracle = LedoitWolf().fit(good.numpy())
    expected = np.sqrt(oracle.mahalanobis(others.numpy()))
    np.testing.assert_allclose(found.numpy().ravel(), expected, rtol=1e-3)


def test_places_with_a_paste_are_less_alike(make_source, part_pictures):
    source = make_source((8, 16))
    detector = CutPaste(CutPasteOptions(steps=150, places=True, density_channels=8))
    detector.fit(source)
    made = [cut_paste(picture, view_generator(99, n, 0)) for n, picture in enumerate(part_pictures)]
    shown, masks = (np.stack(side) for side in zip(*made, strict=True))
    with torch.inference_mode():
        (found,) = detector(source.encoder(torch.from_numpy(shown)))
    covered = masks.reshape(10, 8, 8, 8, 8).mean(axis=(2, 4)) > 0.5
    assert found.numpy()[covered].mean() > 1.05 * found.numpy()[~covered].mean()
