import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from flawflow.decision import regions as module
from flawflow.decision.regions import Region, find_regions, highest_position

maps = hnp.arrays(
    np.float32,
    hnp.array_shapes(min_dims=2, max_dims=2, max_side=12),
    elements=st.sampled_from([0.0, 1.0, 2.0, 3.5]),
)


@given(maps)
def test_regions_equal_those_of_scipy(anomaly_map):
    labels, count = ndimage.label(anomaly_map > 0.5, np.ones((3, 3)))
    expected = []
    for index, (rows, columns) in enumerate(ndimage.find_objects(labels), start=1):
        y, x = ndimage.center_of_mass(labels == index)
        expected.append(
            Region(
                box=(columns.start, rows.start, columns.stop, rows.stop),
                area=int((labels == index).sum()),
                peak=float(anomaly_map[labels == index].max()),
                centroid=(pytest.approx(x), pytest.approx(y)),
            )
        )
    # sorted() keeps the order of equal peaks, which is the order of scanning.
    assert list(find_regions(anomaly_map, 0.5)) == sorted(expected, key=lambda region: -region.peak)
    assert count == len(expected)


def test_a_pixel_at_the_threshold_is_not_above_it():
    anomaly_map = np.zeros((4, 5), np.float32)
    anomaly_map[1, 3] = 0.5
    assert find_regions(anomaly_map, 0.5) == ()
    assert find_regions(anomaly_map, 0.4) == (
        Region(box=(3, 1, 4, 2), area=1, peak=0.5, centroid=(3.0, 1.0)),
    )


def test_values_are_plain_numbers():
    (region,) = find_regions(np.ones((3, 2), np.float32), 0.0)
    assert region == Region(box=(0, 0, 2, 3), area=6, peak=1.0, centroid=(0.5, 1.0))
    assert {type(value) for value in (*region.box, region.area)} == {int}
    assert {type(value) for value in (region.peak, *region.centroid)} == {float}


@given(maps, st.sampled_from([-1.0, 0.0, 1.5, 9.0]))
def test_the_highest_place_holds_a_highest_pixel(anomaly_map, background):
    found = highest_position(anomaly_map, background)
    assert found.peak == anomaly_map.max()
    left, top, right, bottom = found.box
    assert anomaly_map[top:bottom, left:right].max() == found.peak
    level = min((background + found.peak) / 2, float(np.nextafter(anomaly_map.max(), -np.inf)))
    assert found == find_regions(anomaly_map, level)[0]


def test_the_highest_place_reaches_halfway_down_to_what_is_calm():
    anomaly_map = np.float32([[0, 4, 6, 8, 5, 0, 7]])
    assert highest_position(anomaly_map, 2.0).box == (2, 0, 4, 1)
    assert highest_position(anomaly_map, 0.0).box == (2, 0, 5, 1)
    # What is all calm still has a highest pixel.
    assert highest_position(anomaly_map, 20.0).box == (3, 0, 4, 1)
    assert highest_position(np.ones((2, 3), np.float32), 1.0).box == (0, 0, 3, 2)


def test_a_negative_threshold_keeps_negative_peaks():
    (region,) = find_regions(np.array([[-3.0, -1.0]], np.float32), -2.0)
    assert region.peak == -1.0


def test_a_good_picture_is_never_labelled(monkeypatch):
    monkeypatch.setattr(module, "find_runs", None)
    assert find_regions(np.zeros((8, 8), np.float32), 0.1) == ()
    assert find_regions(np.zeros((0, 8), np.float32), 0.1) == ()
