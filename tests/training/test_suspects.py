"""Pictures that are unlike the others are found, and few of the others."""

from pathlib import Path

import numpy as np
import pytest
import torch

from flawflow.progress import Progress, ignore_progress
from flawflow.training.duplicates import Fingerprint
from flawflow.training.feature_store import FeatureStore
from flawflow.training.suspects import find_suspects

SIZE = (64, 64)


def _store(
    count: int, *, odd: tuple[int, ...] = (), seed: int = 0, views: int = 1, wide: int = 6
) -> FeatureStore:
    """Pictures whose features have a mean of their own at each position; odd ones are off at one place."""
    generator = torch.Generator().manual_seed(seed)
    maps = []
    for grid, depth in ((16, 4), (8, wide), (4, 8)):
        mean = torch.randn(grid * grid, depth, generator=generator)
        rows = mean + 0.3 * torch.randn(count, grid * grid, depth, generator=generator)
        for number in odd:
            cells = torch.arange(grid * grid).reshape(grid, grid)[: grid // 4, grid // 2 : 3 * grid // 4]
            rows[number, cells.flatten()] += 1.5
        maps.append(rows.repeat_interleave(views, dim=0))
    for scale in maps:
        # Views are none of its business.
        for view in range(1, views):
            scale[view::views] = 100.0
    names = tuple(Path(f"{number}.png") for number in range(count))
    fingerprints = tuple(Fingerprint((128, 256), bytes([number])) for number in range(count))
    return FeatureStore(tuple(maps), ((16, 16), (8, 8), (4, 4)), views, names, (), fingerprints)


@pytest.mark.parametrize(("count", "views", "wide"), [(40, 1, 6), (40, 3, 6), (30, 1, 6), (40, 1, 80)])
def test_what_is_unlike_the_others_is_found_with_its_place(count: int, views: int, wide: int) -> None:
    store = _store(count, odd=(3, 7), views=views, wide=wide)
    seen: list[Progress] = []
    suspects = find_suspects(store, size=SIZE, seed=0, on_progress=seen.append)
    assert {suspect.path.name for suspect in suspects[:2]} == {"3.png", "7.png"}
    assert len(suspects) <= 3
    for suspect in suspects[:2]:
        assert suspect.score > suspect.limit
        assert suspect.anomaly_map.shape == SIZE
        assert suspect.colormap_range[0] < suspect.limit < suspect.colormap_range[1]
        x, y = suspect.place
        assert 110 < x < 210, "in the picture's own pixels"
        assert y < 45
        assert f"around x = {x}, y = {y}" in suspect.reason
        assert "1 good picture in 100" in suspect.reason
    assert suspects[0].score >= suspects[-1].score
    assert seen[-1].done == seen[-1].total


def test_few_good_pictures_are_suspected() -> None:
    found = [
        find_suspects(_store(50, seed=n), size=SIZE, seed=n, on_progress=ignore_progress) for n in range(12)
    ]
    assert sum(map(len, found)) <= 12, "2 % of 600; the stated share is 1 %"


def test_a_defect_that_several_show_does_not_hide_them() -> None:
    odd = (1, 5, 9)
    suspects = find_suspects(_store(60, odd=odd), size=SIZE, seed=0, on_progress=ignore_progress)
    assert {f"{number}.png" for number in odd} <= {suspect.path.name for suspect in suspects}


def test_the_same_again() -> None:
    first, again = (
        find_suspects(_store(30, odd=(2,)), size=SIZE, seed=4, on_progress=ignore_progress) for _ in range(2)
    )
    assert [(s.path, s.score, s.limit) for s in first] == [(s.path, s.score, s.limit) for s in again]
    assert np.array_equal(first[0].anomaly_map, again[0].anomaly_map)


def test_dead_and_constant_channels_are_no_trouble() -> None:
    store = _store(20)
    for maps in store.maps:
        maps[..., 0] = 0.0
        maps[..., 1] = 7.0
    assert len(find_suspects(store, size=SIZE, seed=0, on_progress=ignore_progress)) <= 1
