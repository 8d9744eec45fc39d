import numpy as np
import pytest
import torch
from sklearn.covariance import EmpiricalCovariance

from flawflow.errors import TrainingError
from flawflow.recipe.baseline_options import POOLED, PadimOptions
from flawflow.training.detectors import feature_fusion
from flawflow.training.detectors.padim import Padim


def joined_by_hand(encoder, pictures):
    """(N, 64 × 64 / 16, D) float64: the finest grid, coarser values repeated."""
    with torch.inference_mode():
        maps = [features.double().numpy() for features in encoder(torch.from_numpy(pictures))]
    side = maps[0].shape[2]
    repeated = [
        features.repeat(side // features.shape[2], axis=2).repeat(side // features.shape[3], axis=3)
        for features in maps
    ]
    return np.concatenate(repeated, axis=1).reshape(len(pictures), -1, side * side).transpose(0, 2, 1)


def test_every_position_has_the_mahalanobis_distance_of_its_own_gaussian(make_source, part_pictures):
    source = make_source((4, 8, 16))
    padim = Padim(PadimOptions(channels=None, regularisation=1e-5))
    padim.fit(source)
    others = part_pictures[::-1, :, ::-1].copy()
    with torch.inference_mode():
        (found,) = padim(source.encoder(torch.from_numpy(others)))
    good, asked = (joined_by_hand(source.encoder, pictures) for pictures in (part_pictures, others))
    for position in (0, 77, 255):
        gauss = EmpiricalCovariance().fit(good[:, position])
        covariance = gauss.covariance_ * len(good) / (len(good) - 1) + 1e-5 * np.eye(good.shape[2])
        centred = asked[:, position] - good[:, position].mean(axis=0)
        expected = np.sqrt(np.einsum("nd,dc,nc->n", centred, np.linalg.inv(covariance), centred))
        np.testing.assert_allclose(found.flatten(1)[:, position].numpy(), expected, rtol=1e-3)
        # scikit-learn's own distance, with the same covariance put in.
        gauss.covariance_, gauss.precision_ = covariance, np.linalg.inv(covariance)
        np.testing.assert_allclose(np.sqrt(gauss.mahalanobis(asked[:, position])), expected, rtol=1e-9)


def test_the_choice_of_channels_follows_the_seed(make_source):
    source = make_source((4, 8, 16))
    first, second = (Padim(PadimOptions(channels=20)) for _ in range(2))
    first.fit(source)
    second.fit(source)
    assert first.whitening.shape == (256, 20, 20)
    assert torch.equal(first.patches.chosen, second.patches.chosen)
    assert len(set(first.patches.chosen.tolist())) == 20


def test_a_model_that_no_file_holds_is_refused_before_the_work(make_source, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(feature_fusion, "_MAX_FUSED_BYTES", 1000)
    with pytest.raises(TrainingError, match="padim"):
        Padim().fit(make_source((4, 8, 16)))


def test_pooled_padim_whitens_standardised_averages_of_all_channels(
    make_source, part_pictures, patches_by_hand
):
    source = make_source((8, 16))
    padim = Padim(POOLED)
    padim.fit(source)
    with torch.inference_mode():
        good_pyramid = source.encoder(torch.from_numpy(part_pictures))
        pyramid = source.encoder(torch.from_numpy(part_pictures[:, ::-1].copy()))
        (found,) = padim(pyramid)
    good, asked = (
        patches_by_hand(*(features.numpy() for features in maps), "inner") for maps in (good_pyramid, pyramid)
    )
    mean, deviation = good.mean(axis=(0, 1, 2)), good.std(axis=(0, 1, 2), ddof=1)
    good, asked = (good - mean) / deviation, (asked - mean) / deviation
    for row, column in ((0, 0), (3, 4), (7, 2)):
        own = good[:, row, column]
        covariance = np.cov(own, rowvar=False) + 0.01 * np.eye(own.shape[1])
        centred = asked[:, row, column] - own.mean(axis=0)
        expected = np.sqrt(np.einsum("nd,dc,nc->n", centred, np.linalg.inv(covariance), centred))
        np.testing.assert_allclose(found[:, row, column].numpy(), expected, rtol=1e-3)
