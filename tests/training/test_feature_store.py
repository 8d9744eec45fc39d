"""The feature store: which rows, positions and pictures belong together."""

from pathlib import Path

import pytest
import torch

from flawflow.training.duplicates import Fingerprint
from flawflow.training.feature_store import FeatureStore

PICTURES, VIEWS, GRIDS, DEPTHS = 20, 2, ((2, 3), (1, 2)), (4, 5)


@pytest.fixture
def store() -> FeatureStore:
    """Of twenty pictures with two rows each; every number is another one."""
    maps = []
    for (height, width), depth in zip(GRIDS, DEPTHS, strict=True):
        shape = (PICTURES * VIEWS, height * width, depth)
        maps.append(torch.arange(torch.Size(shape).numel(), dtype=torch.float32).view(shape))
    names = tuple(Path(f"{number}.png") for number in range(PICTURES))
    fingerprints = tuple(Fingerprint((8, 12), bytes([number])) for number in range(PICTURES))
    return FeatureStore(tuple(maps), GRIDS, VIEWS, names, (), fingerprints)


def test_plain_pyramids_are_the_first_view_of_every_picture_as_maps(store: FeatureStore) -> None:
    pyramids = list(store.plain_pyramids(torch.device("cpu")))
    for k, (maps, (height, width)) in enumerate(zip(store.maps, GRIDS, strict=True)):
        whole = torch.cat([pyramid[k] for pyramid in pyramids])
        assert whole.shape == (PICTURES, DEPTHS[k], height, width)
        assert torch.equal(whole.flatten(2).transpose(1, 2), maps[::VIEWS])


def test_pyramids_are_all_rows_as_maps(store: FeatureStore) -> None:
    pyramids = list(store.pyramids(torch.device("cpu")))
    for k, (maps, (height, width)) in enumerate(zip(store.maps, GRIDS, strict=True)):
        whole = torch.cat([pyramid[k] for pyramid in pyramids])
        assert whole.shape == (PICTURES * VIEWS, DEPTHS[k], height, width)
        assert torch.equal(whole.flatten(2).transpose(1, 2), maps)


def test_pictures_that_follow_each_other_are_a_part_of_the_tensor(store: FeatureStore) -> None:
    part = store.only(range(3, 7))
    assert (part.pictures, part.fingerprints) == (store.pictures[3:7], store.fingerprints[3:7])
    for own, all_rows in zip(part.maps, store.maps, strict=True):
        assert isinstance(own, torch.Tensor)
        assert torch.equal(own, all_rows[6:14])
        assert own.data_ptr() == all_rows[6:].data_ptr()


def test_chosen_pictures_have_their_rows_and_the_store_stays_as_it_is(store: FeatureStore) -> None:
    before = [maps[:].clone() for maps in store.maps]
    chosen = [4, 0, 1, 19]
    few = store.only(chosen)
    assert few.pictures == tuple(store.pictures[number] for number in chosen)
    assert few.fingerprints == tuple(store.fingerprints[number] for number in chosen)
    rows = [number * VIEWS + view for number in chosen for view in range(VIEWS)]
    for k, (own, old) in enumerate(zip(few.maps, before, strict=True)):
        assert torch.equal(own[:], old[rows])
        assert torch.equal(few.plain(k)[:], old[rows[::VIEWS]])
        assert torch.equal(store.maps[k][:], old)
    fewer = few.only([2, 0])
    assert torch.equal(fewer.maps[0][:], before[0][[2, 3, 8, 9]])
    whole = [torch.cat(scale) for scale in zip(*few.pyramids(torch.device("cpu")), strict=True)]
    assert torch.equal(whole[1].flatten(2).transpose(1, 2), before[1][rows])


def test_positions_that_see_what_counts(store: FeatureStore) -> None:
    assert store.inside(0) is None
    roi_mask = torch.zeros(8, 12, dtype=torch.bool)
    roi_mask[5, 7] = True
    looking = FeatureStore(store.maps, GRIDS, VIEWS, store.pictures, (), store.fingerprints, roi_mask)
    assert [looking.inside(k).tolist() for k in range(2)] == [[4], [1]]  # type: ignore[union-attr]
