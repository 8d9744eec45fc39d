"""The two coarsest scales joined: their vectors, and products of these."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from flawflow.training.detectors.feature_fusion import as_vectors, fuse
from flawflow.training.detectors.fused_features import FusedFeatures, pooling_matrix


@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 2), st.integers(0, 2), st.integers(0, 100))
def test_neighbours_are_averaged_without_what_is_beyond_the_edge(
    height: int, width: int, finer: int, coarser: int, seed: int
) -> None:
    own = (height << finer, width << finer)
    wanted = (height << coarser, width << coarser)
    maps = torch.randn(2, 3, *own, generator=torch.Generator().manual_seed(seed))
    averaged = F.avg_pool2d(maps, 3, stride=1, padding=1, count_include_pad=False)
    found = pooling_matrix(own[0], wanted[0]) @ maps @ pooling_matrix(own[1], wanted[1]).T
    torch.testing.assert_close(found, fuse([averaged], wanted, mode="bilinear"))


@pytest.mark.parametrize("grid", [(4, 6), (2, 3)])
def test_the_two_coarsest_scales_are_joined_at_a_grid(grid: tuple[int, int]) -> None:
    generator = torch.Generator().manual_seed(0)
    shapes = (2, 8, 12), (3, 4, 6), (4, 2, 3)
    pyramid = [torch.randn(5, *shape, generator=generator) for shape in shapes]
    fused = fuse(pyramid[1:], grid, mode="bilinear")
    assert fused.shape == (5, 7, *grid)
    assert torch.equal(FusedFeatures(grid, [3, 4])(pyramid), as_vectors(fused))
    chosen = torch.tensor([1, 2, 6])
    averaged = [F.avg_pool2d(maps, 3, stride=1, padding=1, count_include_pad=False) for maps in pyramid[1:]]
    found = FusedFeatures(grid, [3, 4], chosen, pooled=[(4, 6), (2, 3)])(pyramid)
    expected = fuse(averaged, grid, mode="bilinear")[:, chosen]
    torch.testing.assert_close(found, as_vectors(expected))


@pytest.mark.parametrize("grid", [(4, 6), (2, 3)])
@pytest.mark.parametrize("chosen", [None, [1, 2, 6], [0, 2], [4]], ids=str)
@pytest.mark.parametrize("pooled", [None, [(4, 6), (2, 3)]], ids=["as they are", "pooled"])
def test_products_of_joined_vectors_are_those_of_their_scales(
    grid: tuple[int, int], chosen: list[int] | None, pooled: list[tuple[int, int]] | None
) -> None:
    generator = torch.Generator().manual_seed(0)
    pyramid = [torch.randn(5, *shape, generator=generator) for shape in ((2, 8, 12), (3, 4, 6), (4, 2, 3))]
    channels = None if chosen is None else torch.tensor(chosen)
    features = FusedFeatures(grid, [3, 4], channels, pooled=pooled)
    matrix = torch.randn(7 if chosen is None else len(chosen), 9, generator=generator)
    torch.testing.assert_close(features.product(pyramid, matrix), features(pyramid) @ matrix)
