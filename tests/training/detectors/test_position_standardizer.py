"""Positions against their own statistics: the numbers, the shrinkage and the change of volume."""

import numpy as np
import pytest
import torch

from flawflow.training.detectors.position_standardizer import PositionStandardizer, row_chunks


def _kept(standardizer: PositionStandardizer, maps: torch.Tensor) -> float:
    """How much of the differences between positions the means keep: the slope against the sample's own."""
    sample = maps.mean(dim=0)
    centred = sample - sample.mean(dim=0)
    return float(
        ((standardizer.mean - standardizer.mean.mean(dim=0)) * centred).sum() / centred.square().sum()
    )


def _aligned(rows: int, positions: int = 50, channels: int = 6, seed: int = 0) -> torch.Tensor:
    """Features whose position tells much: means differ ten times as much as pictures do."""
    generator = torch.Generator().manual_seed(seed)
    means = 10 * torch.randn(positions, channels, generator=generator)
    return means + torch.randn(rows, positions, channels, generator=generator)


def test_with_many_aligned_pictures_the_statistics_are_those_of_the_sample() -> None:
    maps = _aligned(4000, positions=7)
    spread = torch.linspace(0.5, 3, 7)[:, None]
    maps = maps.mean(dim=0) + (maps - maps.mean(dim=0)) * spread
    standardizer = PositionStandardizer.from_data(maps, noise=0.0)
    values = maps.double().numpy()
    np.testing.assert_allclose(standardizer.mean.numpy(), values.mean(axis=0), atol=2e-3)
    np.testing.assert_allclose(standardizer.deviation.numpy(), values.std(axis=0, ddof=1), rtol=2e-2)
    assert not standardizer.noise.any()


def test_two_positions_follow_the_formula() -> None:
    """One channel, two positions, worked out in numpy."""
    values = np.array([[0.0, 10.0], [2.0, 13.0], [4.0, 10.0], [2.0, 11.0]])
    mean, variance = values.mean(axis=0), values.var(axis=0, ddof=1)
    typical = variance.mean()

    def shrink(x: np.ndarray, chance: float) -> np.ndarray:
        return x.mean() + np.clip((x.var() - chance) / x.var(), 0, 1) * (x - x.mean())

    shrunk = shrink(mean, typical / 4)
    pulled = shrink(variance, (2 * variance**2 / 3).mean()) + (mean - shrunk) ** 2
    deviation = np.sqrt(pulled + 0.25 * typical)
    standardizer = PositionStandardizer.from_data(torch.from_numpy(values).float()[:, :, None], noise=0.5)
    np.testing.assert_allclose(standardizer.mean[:, 0].numpy(), shrunk, rtol=1e-6)
    np.testing.assert_allclose(standardizer.deviation[:, 0].numpy(), deviation, rtol=1e-6)
    np.testing.assert_allclose(
        standardizer.noise[:, 0].numpy(), 0.5 * np.sqrt(typical) / deviation, rtol=1e-6
    )


def test_where_positions_tell_nothing_nothing_of_them_is_kept() -> None:
    maps = torch.randn(20, 400, 6, generator=torch.Generator().manual_seed(1))
    standardizer = PositionStandardizer.from_data(maps, noise=0.0)
    assert _kept(standardizer, maps) < 0.15
    assert standardizer.deviation.std(dim=0).max() < 0.1


def test_where_pictures_are_aligned_nearly_all_is_kept() -> None:
    maps = _aligned(100)
    assert _kept(PositionStandardizer.from_data(maps, noise=0.5), maps) > 0.99


@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_log_det_is_that_of_the_jacobian(noise: float) -> None:
    standardizer = PositionStandardizer.from_data(_aligned(10, positions=3), noise=noise).double()
    for position in range(3):
        index = torch.tensor([position])
        jacobian = torch.autograd.functional.jacobian(
            lambda z, index=index: standardizer(z[None], index)[0], torch.randn(6, dtype=torch.float64)
        )
        expected = torch.linalg.slogdet(jacobian).logabsdet
        torch.testing.assert_close(standardizer.log_det()[position], expected)


def test_all_positions_at_once_are_each_position_alone() -> None:
    maps = _aligned(5)
    standardizer = PositionStandardizer.from_data(maps, noise=0.5)
    chosen = torch.tensor([7, 3, 7])
    torch.testing.assert_close(standardizer(maps)[2, chosen], standardizer(maps[2, chosen], chosen))


@pytest.mark.parametrize("noise", [0.0, 0.5, 2.0])
def test_covariance_is_that_of_features_with_noise_added(noise: float) -> None:
    maps = _aligned(30)
    standardizer = PositionStandardizer.from_data(maps, noise=noise)
    vectors = standardizer(maps).flatten(0, 1).double().numpy()
    expected = vectors.T @ vectors / len(vectors) + np.diag((standardizer.noise**2).mean(dim=0).numpy())
    found = standardizer.covariance(maps)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-5, atol=1e-5)
    # What a flow learns from has the variance 1 in each channel.
    assert found.diagonal().sub(1).abs().max() < 0.15


def test_a_dead_channel_is_divided_by_something() -> None:
    maps = _aligned(10)
    maps[..., 2] = 4.0
    for noise in (0.0, 0.5):
        standardizer = PositionStandardizer.from_data(maps, noise=noise)
        assert standardizer.deviation.min() > 0
        assert standardizer(maps).isfinite().all()
        assert standardizer(maps)[..., 2].abs().max() < 1e-3


def test_the_scale_of_the_features_does_not_matter() -> None:
    maps = _aligned(10)
    one, other = (PositionStandardizer.from_data(factor * maps, noise=0.5) for factor in (1.0, 1000.0))
    torch.testing.assert_close(one(maps), other(1000 * maps), rtol=1e-4, atol=1e-4)


def test_portions_are_all_rows_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    maps = _aligned(10)
    whole = PositionStandardizer.from_data(maps, noise=0.5)
    monkeypatch.setattr(
        "flawflow.training.detectors.position_standardizer._VALUES_AT_ONCE", 3 * maps[0].numel()
    )
    assert [len(chunk) for chunk in row_chunks(maps)] == [3, 3, 3, 1]
    assert torch.equal(torch.cat(list(row_chunks(maps))), maps)
    in_portions = PositionStandardizer.from_data(maps, noise=0.5)
    torch.testing.assert_close(in_portions.deviation, whole.deviation)
    torch.testing.assert_close(in_portions.covariance(maps), whole.covariance(maps))
