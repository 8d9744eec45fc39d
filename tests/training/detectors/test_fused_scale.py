"""Scales side by side: what is joined, what is learned of it, and how it is measured."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from flawflow.recipe.options import CflowOptions
from flawflow.training.detectors import fused_scale
from flawflow.training.detectors.density import learn_flow
from flawflow.training.detectors.fused_scale import (
    COARSE_FUSION,
    FINE_FUSION,
    FusedScale,
    Fusion,
    draw_channels,
    fit_fused_scale,
)
from flawflow.training.extract import Room, allocate
from flawflow.training.feature_source import FeatureSource
from flawflow.training.feature_store import FeatureStore
from flawflow.training.parallel import ProgressCounter
from flawflow.training.roi import roi_cells

MakeSource = Callable[[Sequence[int]], FeatureSource]
SMALL = CflowOptions(steps=0, blocks=2, hidden=16, position_channels=8, batch=64)
BOTH = pytest.mark.parametrize("how", [FINE_FUSION, COARSE_FUSION], ids=["joined", "coarse"])


def _fit(source: FeatureSource, how: Fusion, options: CflowOptions = SMALL) -> FusedScale:
    counter = ProgressCounter("Flows", options.steps, source.on_progress)
    return fit_fused_scale(source, how, options, partial(learn_flow, source, options, counter))


def _with_store(
    source: FeatureSource, grids: Sequence[tuple[int, int]], roi_mask: Tensor | None = None
) -> FeatureSource:
    """The source with random features of six pictures in place of its own."""
    generator = torch.Generator().manual_seed(2)
    maps = tuple(
        torch.randn(6, height * width, 3 + k, generator=generator) for k, (height, width) in enumerate(grids)
    )
    pictures = tuple(Path(f"{number}.png") for number in range(6))
    return replace(source, store=FeatureStore(maps, tuple(grids), 1, pictures, (), roi_mask=roi_mask))


def _pyramid(source: FeatureSource) -> list[Tensor]:
    (pyramid,) = source.features.plain_pyramids(source.device)
    return pyramid


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**62))
def test_of_many_channels_some_are_drawn(depth: int, most: int, seed: int) -> None:
    chosen = draw_channels(depth, most, seed=seed)
    if depth <= most:
        assert chosen is None
        return
    assert chosen is not None
    numbers = chosen.tolist()
    assert numbers == sorted(set(numbers))
    assert (len(numbers), numbers[0] >= 0, numbers[-1] < depth) == (most, True, True)
    again = draw_channels(depth, most, seed=seed)
    assert again is not None
    assert again.tolist() == numbers


def test_another_seed_draws_other_channels() -> None:
    draws = {str(draw_channels(40, 8, seed=seed)) for seed in range(5)}
    assert len(draws) == 5


@pytest.mark.parametrize("strides", [(8,), (8, 16), (4, 8, 16)])
def test_a_flow_that_has_not_learned_is_the_shared_gaussian(
    strides: Sequence[int], make_source: MakeSource
) -> None:
    source = make_source(strides)
    pyramid = _pyramid(source)
    with torch.inference_mode():
        fused, coarse = (_fit(source, how) for how in (FINE_FUSION, COARSE_FUSION))
        own, shared = fused(pyramid)
        whitened = fused.gaussian(fused.features(pyramid))
        (below,) = coarse(pyramid)
        expected = (1 + coarse.gaussian.energy(coarse.gaussian(coarse.features(pyramid)))).sqrt()
    assert own.shape == shared.shape == (10, 8, 8)
    torch.testing.assert_close(own.flatten(1), (1 + fused.gaussian.energy(whitened)).sqrt())
    # The likeliest vector is at 1.
    energy = whitened.square().sum(dim=2)
    torch.testing.assert_close(shared.flatten(1).square(), 1 + energy - energy.min(), rtol=1e-4, atol=1e-3)
    side = 64 // strides[-1]
    assert below.shape == (10, side, side)
    torch.testing.assert_close(below.flatten(1), expected)
    assert coarse.density is None


def test_what_is_learned_makes_good_pictures_likelier(make_source: MakeSource) -> None:
    source = make_source((4, 8, 16))
    pyramid = _pyramid(source)
    options = replace(SMALL, steps=60, batch=256, joined_noise=0.1)
    with torch.inference_mode(mode=False):
        before, after = (_fit(source, FINE_FUSION, chosen) for chosen in (SMALL, options))
    with torch.inference_mode():
        vectors = after.gaussian(after.features(pyramid))
        found, expected = (scale.density.flow(vectors).mean() for scale in (after, before))  # type: ignore[union-attr, operator]
    assert found > expected + 1


@BOTH
def test_another_position_stands_out_where_it_is(how: Fusion, make_source: MakeSource) -> None:
    source = make_source((4, 8, 16))
    scale = _fit(source, how)
    pyramid = _pyramid(source)
    changed = [features.clone() for features in pyramid]
    for features in changed:
        height, width = features.shape[2:]
        features[3, :, : height // 4, : width // 4] *= -2
    with torch.inference_mode():
        maps = [after - before for after, before in zip(scale(changed), scale(pyramid), strict=True)]
    assert len(maps) == 1 + how.fits_flow
    for grown in maps:
        side = grown.shape[1]
        assert grown[3].argmax() in (0, 1, side, side + 1)
        assert grown[3, 0, 0] > 1
        others = [index for index in range(10) if index != 3]
        assert grown[others].abs().max() < 1e-3
        # As far as neighbours are averaged and interpolated.
        assert grown[3, side * 3 // 4 :, side * 3 // 4 :].abs().max() < 1e-3


@BOTH
def test_what_lies_outside_is_not_learned(how: Fusion, make_source: MakeSource, tmp_path: Path) -> None:
    roi_mask = torch.zeros(32, 128, dtype=torch.bool)
    roi_mask[4:20, 3:26] = True
    source = _with_store(make_source((8, 16)), ((8, 32), (4, 16)), roi_mask)
    store = source.features
    changed = []
    for maps, grid in zip(store.maps, store.grids, strict=True):
        # What neighbours tell of each other: two coarse positions.
        reach = 2 * (grid[0] // 4) + 1
        seen = F.max_pool2d(roi_cells(roi_mask, grid)[None].float(), 2 * reach + 1, 1, reach)[0] > 0
        changed.append(torch.where(seen.flatten()[:, None], maps, 50.0))
        assert not torch.equal(changed[-1], maps)
    other = replace(source, store=replace(store, maps=tuple(changed)))
    options = replace(SMALL, steps=8)
    one, two = (_fit(part, how, options).state_dict() for part in (source, other))
    assert one.keys() == two.keys()
    for name, tensor in one.items():
        assert torch.equal(tensor, two[name]), name


@pytest.mark.parametrize(("width", "shared"), [(5, 1), (6, 2), (8, 2)])
def test_cells_are_as_large_as_the_grid_allows(width: int, shared: int, make_source: MakeSource) -> None:
    source = _with_store(make_source((8, 16)), ((8, 2 * width), (4, width), (2, width)))
    fused, coarse = (_fit(source, how) for how in (FINE_FUSION, COARSE_FUSION))
    assert len(fused.gaussian.basis) == 4 * width // shared
    assert len(coarse.gaussian.basis) == 2 * width


def test_channels_and_ranks_are_as_the_options_say(make_source: MakeSource) -> None:
    source = _with_store(make_source((8, 16)), ((2, 4), (1, 2)))
    options = replace(SMALL, joined_channels=2, rank=1, coarse_rank=2)
    ranks = [_fit(source, how, options).gaussian.basis.shape[1:] for how in (FINE_FUSION, COARSE_FUSION)]
    assert ranks == [(2, 1), (2, 2)]


@pytest.mark.parametrize(
    ("grid", "coarse"), [((4, 4), 7), ((4, 1), 7), ((2, 2), 2), ((1, 2), 2), ((1, 1), 2)]
)
def test_few_vectors_take_fewer_channels(grid: tuple[int, int], coarse: int, make_source: MakeSource) -> None:
    # Six pictures of seven channels: half as many as five times the positions that differ. Of 2 × 2, all have
    # the same neighbours.
    source = _with_store(make_source((8, 16)), ((4, 4), grid))
    assert len(_fit(source, FINE_FUSION).gaussian.matrix) == 7
    assert len(_fit(source, COARSE_FUSION).gaussian.matrix) == coarse
    roi_mask = torch.zeros(4, 4, dtype=torch.bool)
    roi_mask[0, :2] = True
    source = _with_store(make_source((8, 16)), ((4, 4), grid), roi_mask)
    assert len(_fit(source, FINE_FUSION).gaussian.matrix) == 5


@BOTH
def test_without_positions_all_are_measured_alike(how: Fusion, make_source: MakeSource) -> None:
    source = _with_store(make_source((8, 16)), ((2, 4), (1, 2)))
    scale = _fit(source, how, replace(SMALL, position_statistics=False, position_channels=0))
    assert scale.gaussian.basis.shape[2] == 0
    offset = scale.gaussian.offset
    torch.testing.assert_close(offset, offset[:1].expand_as(offset))


def test_vectors_in_files_give_the_same(make_source: MakeSource, monkeypatch: pytest.MonkeyPatch) -> None:
    source = make_source((8, 16))
    options = replace(SMALL, steps=5)
    expected = _fit(source, FINE_FUSION, options).state_dict()
    assert not (source.work.path / "joined").exists()
    (source.work.path / "scale-2.safetensors").unlink()

    def in_files(shapes: Any, *, device: torch.device, room: Room) -> Any:
        return allocate(shapes, device=device, room=replace(room, memory_bytes=0))

    monkeypatch.setattr(fused_scale, "allocate", in_files)
    found = _fit(source, FINE_FUSION, options).state_dict()
    assert [path.name for path in (source.work.path / "joined").iterdir()] == ["scale-0.f32"]
    assert all(torch.equal(tensor, found[name]) for name, tensor in expected.items())
