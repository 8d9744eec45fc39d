"""A Gaussian of whole pictures: exact on what is left out, and silent on good pictures."""

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from flawflow.training.detectors.whole_image import (
    PictureStatistics,
    WholeImage,
    fit_whole_image,
    picture_gaussian,
)
from flawflow.training.feature_store import FeatureStore

CPU = torch.device("cpu")
GRIDS = ((8, 8), (4, 4))
DEPTHS = (3, 5)


def features(count: int, seed: int) -> list[Tensor]:
    """Two scales whose channels go together, as (rows, H·W, D)."""
    generator = torch.Generator().manual_seed(seed)
    return [
        torch.randn(count, height * width, depth, generator=generator)
        @ torch.randn(depth, depth, generator=torch.Generator().manual_seed(depth))
        for (height, width), depth in zip(GRIDS, DEPTHS, strict=True)
    ]


def store(count: int, roi_mask: Tensor | None = None) -> FeatureStore:
    return FeatureStore(tuple(features(count, 0)), GRIDS, 1, (), (), roi_mask=roi_mask)


def as_maps(vectors: Sequence[Tensor]) -> list[Tensor]:
    return [
        scale.transpose(1, 2).reshape(len(scale), -1, *grid)
        for scale, grid in zip(vectors, GRIDS, strict=True)
    ]


def fitted(count: int = 40, roi_mask: Tensor | None = None) -> WholeImage:
    whole = fit_whole_image(store(count, roi_mask), CPU, most_channels=64, seed=0)
    assert whole is not None
    return whole


@pytest.mark.parametrize(("count", "dimension"), [(5, 3), (12, 30), (40, 6)])
def test_distances_from_the_others_are_those_of_leaving_each_picture_out(count: int, dimension: int) -> None:
    x = torch.randn(count, dimension, generator=torch.Generator().manual_seed(count)).double() * 3 + 1
    gaussian = picture_gaussian(x.float())
    z = (x - x.mean(dim=0)) / x.std(dim=0)
    expected = []
    for number in range(count):
        others = torch.cat((z[:number], z[number + 1 :]))
        centred = others - others.mean(dim=0)
        regular = centred.T @ centred / (count - 1) + 0.1 * torch.eye(dimension)
        difference = z[number] - others.mean(dim=0)
        expected.append((difference @ torch.linalg.solve(regular, difference) / dimension).sqrt())
    distances = torch.stack(expected)
    assert gaussian.typical == pytest.approx(float(distances.mean()), rel=1e-5)
    assert gaussian.deviation == pytest.approx(float(distances.std()), rel=1e-4)


def test_the_whitened_length_is_mahalanobis_distance() -> None:
    x = torch.randn(50, 4, generator=torch.Generator().manual_seed(1))
    gaussian = picture_gaussian(x)
    z = ((x - x.mean(dim=0)) / x.std(dim=0)).double()
    expected = ((z @ torch.linalg.inv(z.T @ z / 50 + 0.1 * torch.eye(4))) * z).sum(dim=1) / 4
    found = ((x - gaussian.mean) @ gaussian.whitening).square().sum(dim=1)
    torch.testing.assert_close(found, expected)


def test_statistics_are_means_and_deviations_of_each_channel() -> None:
    vectors = features(3, 2)
    places = [torch.full((height * width,), 1 / (height * width)) for height, width in GRIDS]
    found = PictureStatistics(places, None)(as_maps(vectors))
    means = [scale.mean(dim=1) for scale in vectors]
    deviations = [scale.std(dim=1, correction=0) for scale in vectors]
    torch.testing.assert_close(found, torch.cat((*means, *deviations), dim=1))


def test_good_pictures_add_next_to_nothing_and_others_the_more_the_more_changes() -> None:
    whole = fitted()
    assert float(whole(as_maps(features(200, 5))).median()) == 0
    changed = []
    for factor in (1.0, 1.5, 2.0, 3.0):
        vectors = features(20, 6)
        vectors[1] = vectors[1] * factor
        changed.append(float(whole(as_maps(vectors)).mean()))
    assert changed == sorted(changed)
    assert changed[0] < 0.3
    assert changed[-1] > 1


def test_only_places_that_count_are_measured() -> None:
    roi_mask = torch.zeros(16, 16, dtype=torch.bool)
    roi_mask[:8] = True
    whole = fitted(roi_mask=roi_mask)
    maps = as_maps(features(4, 7))
    other = [scale.clone() for scale in maps]
    for scale in other:
        scale[:, :, scale.shape[2] // 2 :] = 100
    assert torch.equal(whole(maps), whole(other))
    for scale in other:
        scale[:, :, : scale.shape[2] // 2] *= 3
    assert bool((whole(other) > whole(maps)).all())


def test_a_picture_does_not_see_its_batch() -> None:
    whole = fitted()
    maps = [3 * scale for scale in as_maps(features(6, 8))]
    together = whole(maps)
    for number in range(6):
        alone = whole([scale[number : number + 1] for scale in maps])
        torch.testing.assert_close(alone, together[number : number + 1])


def test_equal_pictures_are_learned_from_and_very_few_are_not() -> None:
    equal = FeatureStore(tuple(scale[:1].repeat(6, 1, 1) for scale in features(1, 0)), GRIDS, 1, (), ())
    whole = fit_whole_image(equal, CPU, most_channels=64, seed=0)
    assert whole is not None
    assert bool(torch.isfinite(whole(as_maps(features(3, 1)))).all())
    assert fit_whole_image(store(3), CPU, most_channels=64, seed=0) is None


def test_of_many_channels_some_are_drawn() -> None:
    whole = fit_whole_image(store(10), CPU, most_channels=4, seed=0)
    assert whole is not None
    assert whole.whitening.shape == (8, 8)
    assert whole(as_maps(features(3, 1))).shape == (3,)
