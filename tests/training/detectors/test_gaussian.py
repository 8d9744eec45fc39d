"""Each position's own mean, each cell's own covariance: against numpy, which inverts covariances whole."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from flawflow.training.detectors.gaussian import CellGaussian, Chunks

POSITIONS, CELL, D = 12, 3, 5
# Cell 0 has one position that counts, cell 1 none, cell 2 two and cell 3 all.
INSIDE = torch.tensor([1, 6, 8, 9, 10, 11])
Floats = NDArray[np.float64]


def _maps(rows: int, seed: int = 0) -> Tensor:
    """Vectors (rows, POSITIONS, D) whose means differ from position to position, and covariances by cell."""
    rng = np.random.default_rng(seed)
    means = 5 * rng.normal(size=(POSITIONS, D))
    factors = np.eye(D) + rng.normal(size=(POSITIONS // CELL, D, D)) / np.sqrt(D)
    vectors = rng.normal(size=(rows, POSITIONS, 1, D)) @ factors.repeat(CELL, axis=0)
    return torch.from_numpy(means + vectors[:, :, 0]).float()


def _portions(maps: Tensor, rows: int = 7) -> Chunks:
    def chunks() -> Iterator[Tensor]:
        return iter(maps.split(rows))

    return chunks


def _shrunk_means(values: Floats, *, by_position: bool) -> tuple[Floats, Floats]:
    """Means of positions and the channels' variance, from vectors (rows, positions, D)."""
    mean, variance = values.mean(axis=0), values.var(axis=0, ddof=1).mean(axis=0)
    if not by_position:
        return np.broadcast_to(mean.mean(axis=0), mean.shape), variance + mean.var(axis=0)
    between = mean.var(axis=0)
    kept = np.clip((between - variance / len(values)) / between, 0, 1)
    return mean.mean(axis=0) + kept * (mean - mean.mean(axis=0)), variance


def _energy(
    maps: Tensor, others: Tensor, *, rank: int = D, by_position: bool = True, inside: Tensor | None = None
) -> Floats:
    """Squared Mahalanobis distances of `others` by what is measured of `maps`, with shrunk covariances."""
    values = maps.double().numpy()
    counting = np.arange(POSITIONS) if inside is None else inside.numpy()
    means = np.empty((POSITIONS, D))
    own, variance = _shrunk_means(values[:, counting], by_position=by_position)
    means[:] = own.mean(axis=0)
    means[counting] = own
    centred = values - means
    pooled = centred[:, counting].reshape(-1, D)
    shared = pooled.T @ pooled / len(pooled) + 0.01 * np.diag(variance)
    root = np.linalg.cholesky(shared)
    weight = len(values) / (len(values) + D)
    energies = np.empty(others.shape[:2])
    for first in range(0, POSITIONS, CELL):
        cell = np.arange(first, first + CELL)
        vectors = centred[:, np.intersect1d(cell, counting)].reshape(-1, D)
        covariance = shared
        if len(vectors):
            covariance = weight * vectors.T @ vectors / len(vectors) + (1 - weight) * shared
        # Relative to the shared one. All but the `rank` directions that differ most count half, as a whole.
        relative = np.linalg.solve(root, np.linalg.solve(root, covariance).T)
        eigenvalues, directions = np.linalg.eigh((relative + relative.T) / 2)
        if rank == 0:
            eigenvalues[:] = 1
        elif rank < D:
            runs = [np.arange(low, low + D - rank) for low in range(rank + 1)]
            alike = min(runs, key=lambda chosen: np.log(eigenvalues)[chosen].std())
            eigenvalues[alike] = np.exp(0.5 * np.log(eigenvalues)[alike].mean())
        whitened = np.linalg.solve(root, (others.double().numpy() - means)[:, cell].reshape(-1, D).T)
        energy = ((directions.T @ whitened) ** 2 / eigenvalues[:, None]).sum(axis=0)
        energies[:, cell] = energy.reshape(-1, CELL)
    return energies


@pytest.mark.parametrize("rows", [3, 40, 400])
@pytest.mark.parametrize("rank", [0, 1, 3, D])
@pytest.mark.parametrize("by_position", [True, False])
@pytest.mark.parametrize("inside", [None, INSIDE], ids=["everywhere", "inside"])
def test_it_is_the_mahalanobis_distance_of_shrunk_covariances(
    *, rows: int, rank: int, by_position: bool, inside: Tensor | None
) -> None:
    maps, others = _maps(rows), 2 * _maps(9, seed=1)
    gaussian = CellGaussian.from_data(
        _portions(maps), cell=CELL, rank=rank, by_position=by_position, inside=inside
    )
    expected = _energy(maps, others, rank=rank, by_position=by_position, inside=inside)
    found = gaussian.energy(gaussian(others)).numpy()
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=2e-3 * expected.mean())
    assert gaussian.basis.shape == (POSITIONS // CELL, D, rank)


def test_more_directions_than_channels_are_all_channels() -> None:
    gaussian = CellGaussian.from_data(_portions(_maps(20)), cell=CELL, rank=100)
    assert gaussian.basis.shape == (POSITIONS // CELL, D, D)


def test_good_vectors_have_the_energy_of_their_channels_cell_by_cell() -> None:
    maps = _maps(4000)
    own = CellGaussian.from_data(_portions(maps), cell=CELL, rank=D)
    shared = CellGaussian.from_data(_portions(maps), cell=CELL, rank=0)
    by_cell, all_alike = (
        gaussian.energy(gaussian(maps)).mean(dim=0).reshape(-1, CELL).mean(dim=1)
        for gaussian in (own, shared)
    )
    torch.testing.assert_close(by_cell, torch.full_like(by_cell, D), rtol=0.04, atol=0)
    assert (all_alike - D).abs().max() > 0.3
    whitened = own(maps)
    assert whitened.mean(dim=0).abs().max() < 0.05
    torch.testing.assert_close(torch.cov(whitened.flatten(0, 1).T), torch.eye(D), rtol=0, atol=0.06)


def test_a_cell_without_a_position_that_counts_keeps_the_shared_covariance() -> None:
    gaussian = CellGaussian.from_data(_portions(_maps(40)), cell=CELL, rank=2, inside=INSIDE)
    assert not gaussian.gain[1].any()
    assert gaussian.rest[1] == 1
    assert gaussian.gain[[0, 2, 3]].abs().amin() > 1e-3
    torch.testing.assert_close(gaussian.offset[3:6], gaussian.offset[3:4].expand(3, -1))


def test_what_lies_outside_is_not_measured() -> None:
    maps = _maps(20)
    changed = maps.clone()
    outside = [position for position in range(POSITIONS) if position not in INSIDE]
    changed[:, outside] = 1000.0
    one, other = (
        CellGaussian.from_data(_portions(values), cell=CELL, rank=3, inside=INSIDE).state_dict()
        for values in (maps, changed)
    )
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_without_positions_all_have_one_mean() -> None:
    gaussian = CellGaussian.from_data(_portions(_maps(20)), cell=CELL, rank=0, by_position=False)
    torch.testing.assert_close(gaussian.offset, gaussian.offset[:1].expand(POSITIONS, -1))
    own = CellGaussian.from_data(_portions(_maps(20)), cell=CELL, rank=0)
    assert (own.offset - own.offset[:1]).abs().max() > 1


@pytest.mark.parametrize("rank", [0, D])
def test_two_pictures_and_a_dead_channel_are_enough(rank: int) -> None:
    maps = _maps(2)
    maps[..., 2] = 4.0
    gaussian = CellGaussian.from_data(_portions(maps), cell=1, rank=rank)
    assert gaussian(maps).isfinite().all()
    # What is not as it always was stands out.
    changed = maps.clone()
    changed[0, 5, 2] += 1
    grown = gaussian.energy(gaussian(changed)) - gaussian.energy(gaussian(maps))
    assert grown[0, 5] > 100
    assert grown.isfinite().all()


def test_the_scale_of_the_features_does_not_matter() -> None:
    maps = _maps(10)
    one, other = (
        CellGaussian.from_data(_portions(factor * maps), cell=CELL, rank=3) for factor in (1.0, 1000.0)
    )
    torch.testing.assert_close(one.energy(one(maps)), other.energy(other(1000 * maps)), rtol=1e-3, atol=1e-3)


def test_portions_and_the_seed_change_nothing_of_the_distance() -> None:
    maps = _maps(20)
    expected = CellGaussian.from_data(_portions(maps), cell=CELL, rank=3)
    others = _maps(4, seed=1)
    for rows, seed in ((20, 0), (1, 0), (7, 9)):
        gaussian = CellGaussian.from_data(_portions(maps, rows), cell=CELL, rank=3, seed=seed)
        torch.testing.assert_close(
            gaussian.energy(gaussian(others)), expected.energy(expected(others)), rtol=1e-3, atol=1e-3
        )
        # Only the channels that the flow gets are mixed otherwise.
        assert torch.allclose(gaussian.matrix, expected.matrix, rtol=1e-3, atol=1e-4) == (seed == 0)


def test_a_position_does_not_see_another_nor_a_picture_its_batch() -> None:
    gaussian = CellGaussian.from_data(_portions(_maps(20)), cell=CELL, rank=3)
    maps = _maps(4, seed=1)
    changed = maps.clone()
    changed[1, 4] += 1
    for last in (gaussian.energy, lambda whitened: whitened.sum(dim=2)):

        def measure(vectors: Tensor, last: Callable[[Tensor], Tensor] = last) -> Tensor:
            return last(gaussian(vectors))

        difference = (measure(changed) - measure(maps)).abs() > 1e-4
        assert difference.nonzero().tolist() == [[1, 4]]
        torch.testing.assert_close(measure(maps[2:3])[0], measure(maps)[2], rtol=1e-5, atol=1e-5)
