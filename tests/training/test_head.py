"""The head: one matrix an axis, constants from good pictures, no picture sees another."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter, gaussian_filter1d
from torch import Tensor
from torch.nn import functional as F

from flawflow.training.detectors.detector import Aggregation, Weights
from flawflow.training.detectors.paper_cflow import PaperCflow
from flawflow.training.head import Head, gaussian_matrix, resampling_matrix, sharpened
from flawflow.training.moments import scale_moments

PLAIN = Aggregation(by_position=False, on_grid=False, tail=0.0)
SIZE = (24, 40)
GRIDS = ((12, 20), (6, 10), (3, 5))


def _maps(count: int, seed: int = 0) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.rand(count, *grid, generator=generator) for grid in GRIDS]


Pair = tuple[Sequence[float], Sequence[float]]


def _weights(in_map: Sequence[float], in_score: Sequence[float]) -> Weights:
    return Weights(tuple(in_map), tuple(in_score), (0.0,) * len(in_map))


def _head(aggregation: Aggregation, weights: Weights | None = None) -> Head:
    return Head(scale_moments(_maps(2), by_position=False), SIZE, aggregation, weights=weights)


@given(
    source=st.integers(1, 9),
    factor=st.integers(1, 6),
    sigma=st.sampled_from([0.0, 0.5, 1.0, 2.0, 4.0]),
    align_corners=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_an_axis_is_interpolated_and_then_smoothed(
    source: int, factor: int, sigma: float, align_corners: bool, seed: int
) -> None:
    target = source * factor
    signal = torch.from_numpy(np.random.default_rng(seed).normal(size=source))
    large = F.interpolate(signal[None, None], size=target, mode="linear", align_corners=align_corners)
    expected = large[0, 0].numpy()
    if sigma:
        expected = gaussian_filter1d(expected, sigma, mode="reflect", truncate=4.0)
    matrix = resampling_matrix(source, target, sigma=sigma, align_corners=align_corners)
    assert matrix.shape == (target, source)
    np.testing.assert_allclose(matrix.double().numpy() @ signal.numpy(), expected, atol=1e-6)
    np.testing.assert_allclose(matrix.sum(dim=1).numpy(), 1, atol=1e-6)


@pytest.mark.parametrize(("side", "sigma"), [(1, 4.0), (3, 4.0), (16, 4.0), (256, 4.0), (9, 0.25), (9, 0.3)])
def test_smoothing_keeps_a_constant_and_mirrors_at_the_ends(side: int, sigma: float) -> None:
    matrix = gaussian_matrix(side, sigma)
    torch.testing.assert_close(matrix.sum(dim=1), torch.ones(side, dtype=torch.float64))
    torch.testing.assert_close(matrix.flip(0, 1), matrix)
    expected = gaussian_filter1d(np.eye(side), sigma, axis=0, mode="reflect", radius=int(np.ceil(4 * sigma)))
    np.testing.assert_allclose(matrix.numpy(), expected, atol=1e-12)


@pytest.mark.parametrize("align_corners", [False, True])
def test_a_map_is_the_sum_of_its_enlarged_scales(align_corners: bool) -> None:
    aggregation = replace(PLAIN, smoothing=2.0, align_corners=align_corners)
    maps = _maps(3)
    anomaly_map, score = _head(aggregation)(maps)
    enlarged = sum(
        F.interpolate(scale[:, None], size=SIZE, mode="bilinear", align_corners=align_corners)[:, 0].numpy()
        for scale in maps
    )
    expected = np.stack([gaussian_filter(picture, 2.0, mode="reflect", truncate=4.0) for picture in enlarged])
    np.testing.assert_allclose(anomaly_map.numpy(), expected, atol=1e-5)
    assert torch.equal(score, anomaly_map.flatten(1).amax(dim=1))


def test_the_papers_map_is_that_of_equation_9_but_for_a_constant() -> None:
    """S = max(Σ_k b(p^k)) - Σ_k b(p^k), where the sum can be no more than K, and K is what we take for it."""
    p = _maps(4)
    anomaly_map, score = _head(PaperCflow.aggregation)([1 - scale for scale in p])
    total = sum(
        F.interpolate(scale[:, None], size=SIZE, mode="bilinear", align_corners=True)[:, 0] for scale in p
    )
    assert isinstance(total, Tensor)
    equation_9 = total.max() - total
    difference = anomaly_map - equation_9
    torch.testing.assert_close(difference, (len(GRIDS) - total.max()).expand_as(difference))
    torch.testing.assert_close(score, (len(GRIDS) - total).flatten(1).amax(dim=1))


def test_the_score_is_the_mean_of_the_highest_pixels() -> None:
    aggregation = replace(PLAIN, tail=0.01)
    anomaly_map, score = _head(aggregation)(_maps(3))
    highest = np.sort(anomaly_map.flatten(1).numpy())[:, -round(0.01 * 24 * 40) :]
    np.testing.assert_allclose(score.numpy(), highest.mean(axis=1), rtol=1e-6)


@pytest.mark.parametrize("smoothing", [0.0, 2.0])
@pytest.mark.parametrize("weights", [None, ((0.4, 1.0, 0.0), (0.4, 1.0, 0.5)), ((0, 2, 1), (3, 0, 0))])
def test_on_the_finest_grid_scales_are_added_and_scored_before_they_are_enlarged(
    smoothing: float, weights: Pair | None
) -> None:
    aggregation = Aggregation(by_position=False, smoothing=smoothing, tail=0.02)
    maps = _maps(3)
    anomaly_map, score = _head(aggregation, None if weights is None else _weights(*weights))(maps)
    small = [F.interpolate(scale[:, None], size=GRIDS[0], mode="bilinear") for scale in maps]
    # Map and score weigh the scales each in its own way.
    shown, scored = (
        sum(weight * scale for weight, scale in zip(own, small, strict=True))
        for own in weights or ((1, 1, 1), (1, 1, 1))
    )
    assert isinstance(shown, Tensor)
    assert isinstance(scored, Tensor)
    enlarged = F.interpolate(shown, size=SIZE, mode="bilinear")[:, 0].numpy()
    if smoothing:
        enlarged = np.stack(
            [gaussian_filter(picture, smoothing, mode="reflect", truncate=4.0) for picture in enlarged]
        )
    np.testing.assert_allclose(anomaly_map.numpy(), enlarged, atol=1e-5)
    highest = scored.flatten(1).sort(dim=1).values[:, -round(0.02 * 12 * 20) :]
    torch.testing.assert_close(score, highest.mean(dim=1))


def test_by_pixels_map_and_score_have_weights_of_their_own_too() -> None:
    maps = _maps(3)
    anomaly_map, score = _head(PLAIN, _weights((0.5, 2.0, 0.0), (0.0, 1.0, 3.0)))(maps)
    large = [F.interpolate(scale[:, None], size=SIZE, mode="bilinear")[:, 0] for scale in maps]
    torch.testing.assert_close(anomaly_map, 0.5 * large[0] + 2 * large[1], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(score, (large[1] + 3 * large[2]).flatten(1).amax(dim=1), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("strength", [0.0, 2.0])
def test_fine_scales_sharpen_the_map_and_leave_the_score(strength: float) -> None:
    aggregation = Aggregation(by_position=False, tail=0.0)
    maps = _maps(3)
    weights = Weights((0.0, 1.0, 2.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0), strength)
    anomaly_map, score = _head(aggregation, weights)(maps)
    fine, joined, coarse = (F.interpolate(scale[:, None], size=GRIDS[0], mode="bilinear") for scale in maps)
    shown = joined + 2 * coarse
    if strength:
        above = (fine - fine.mean(dim=(2, 3), keepdim=True)).clamp_min(0)
        shown = F.softplus(shown) * (1 + strength * above / (1 + torch.exp(-2 * (shown - 3))))
    expected = F.interpolate(shown, size=SIZE, mode="bilinear")[:, 0]
    torch.testing.assert_close(anomaly_map, expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(score, joined.flatten(1).amax(dim=1), rtol=1e-5, atol=1e-5)


def test_fine_scales_raise_what_is_high_and_leave_what_is_as_good_pictures_are() -> None:
    fine = torch.zeros(1, 8, 8)
    fine[0, 2, 2] = fine[0, 5, 5] = 6.0
    total = torch.zeros(1, 8, 8)
    total[0, 4:, 4:] = 6.0
    shown = sharpened(total, fine, strength=2.0)
    assert shown[0, 5, 5] > 5 * shown[0, 6, 6] > 20 * shown[0, 2, 2]
    assert shown[0, 2, 2] == pytest.approx(float(shown[0, 1, 1]), rel=0.05)
    # A picture that is brighter as a whole in the fine scales is not sharpened otherwise.
    torch.testing.assert_close(sharpened(total, fine + 5, strength=2.0), shown)


def test_each_scale_has_a_weight() -> None:
    with pytest.raises(ValueError, match="argument 2 is"):
        _head(PLAIN, _weights((1.0, 1.0), (1.0, 1.0)))


@pytest.mark.parametrize("strength", [0.0, 2.0])
@pytest.mark.parametrize("aggregation", [PLAIN, Aggregation(), PaperCflow.aggregation])
def test_a_picture_does_not_see_its_batch(aggregation: Aggregation, strength: float) -> None:
    moments = scale_moments(_maps(20), by_position=aggregation.by_position)
    weights = Weights((0.0, 1.0, 1.0), (0.0, 1.0, 1.0), (1.0, 0.0, 0.0), strength)
    head = Head(moments, SIZE, aggregation, weights=weights)
    maps = _maps(6, seed=1)
    # An outlier beside it changes nothing.
    loud = [torch.cat((scale[:5], 1000 * scale[5:])) for scale in maps]
    for batch in (maps, loud):
        anomaly_map, score = head(batch)
        for index in range(5):
            alone_map, alone_score = head([scale[index : index + 1] for scale in batch])
            torch.testing.assert_close(anomaly_map[index], alone_map[0], rtol=1e-6, atol=1e-6)
            torch.testing.assert_close(score[index], alone_score[0], rtol=1e-6, atol=1e-6)
