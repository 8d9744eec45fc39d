import dataclasses
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flawflow.decision.calibration import Calibration
from flawflow.images.statistics import ImageStatistics
from flawflow.inspection import Failure, Inspector
from flawflow.inspection.calibrate import Measurement, calibrate, drift_baseline, measure_good, recalibrate

EVERYWHERE = np.ones((32, 32), np.bool_)


@pytest.fixture
def grey(tmp_path: Path) -> list[Path]:
    """Forty even pictures of falling brightness: `tiny_model` scores each by its brightness."""
    paths = [tmp_path / f"{level:03d}.png" for level in range(200, 160, -1)]
    for path in paths:
        Image.new("L", (40, 50), int(path.stem)).save(path)
    return paths


@pytest.fixture
def measured(tiny_model: Path, grey: list[Path]) -> list[Measurement]:
    found = measure_good(Inspector.load(tiny_model).measure_prepared, grey, EVERYWHERE)
    return [measurement for measurement in found if isinstance(measurement, Measurement)]


def test_pictures_are_measured_as_they_are_inspected(
    tiny_model: Path, grey: list[Path], measured: list[Measurement]
):
    inspections = list(Inspector.load(tiny_model).inspect_many(grey))
    assert [m.path for m in measured] == grey
    assert [m.score for m in measured] == [inspection.score for inspection in inspections]
    assert [m.max_value for m in measured] == [
        float(inspection.graph_map.max()) for inspection in inspections
    ]
    # The border of the tiny model's map is darker: more than 1 % of it.
    assert all(m.background == pytest.approx(m.score, rel=1e-5) for m in measured)


def test_a_picture_that_cannot_be_read_is_a_failure_in_its_place(tiny_model: Path, grey: list[Path]):
    grey[1].write_bytes(b"not a picture")
    first, second, *_ = measure_good(Inspector.load(tiny_model).measure_prepared, grey, EVERYWHERE)
    assert isinstance(first, Measurement)
    assert isinstance(second, Failure)
    assert (second.path, str(grey[1]) in second.error) == (grey[1], True)


def test_the_heat_begins_above_calm_pixels_and_has_the_pixel_threshold_in_its_middle(
    measured: list[Measurement],
):
    measured = [dataclasses.replace(m, background=0.25 + 0.01 * i) for i, m in enumerate(measured[:3])]
    calibration, (low, high) = calibrate(measured, false_reject_rate=0.3, review_rate=0.5)
    assert low == pytest.approx(0.26)
    assert (low + high) / 2 == pytest.approx(calibration.pixel_threshold)
    assert calibration == Calibration.measured(
        [m.score for m in measured], [m.max_value for m in measured], false_reject_rate=0.3, review_rate=0.5
    )


def test_constant_maps_leave_a_scale_with_a_length():
    _, (low, high) = calibrate([Measurement(Path("a.png"), 5.0, 5.0, 5.0, ImageStatistics(*[0.5] * 7))] * 3)
    assert low == 5.0 < high


def test_without_pictures_there_is_no_calibration():
    with pytest.raises(ValueError, match="at least one"):
        calibrate([])


def test_recalibrating_replaces_the_pictures_and_keeps_the_rates(tiny_card, measured: list[Measurement]):
    rates = tiny_card.calibration.with_rates(false_reject_rate=0.1, review_rate=0.2)
    old = dataclasses.replace(tiny_card, calibration=rates)
    new = recalibrate(old, measured)
    assert new.calibration.scores == tuple(sorted(m.score for m in measured))
    assert (new.calibration.false_reject_rate, new.calibration.review_rate) == (0.1, 0.2)
    assert new.calibration.pixel_threshold == new.calibration.review_threshold().score
    assert new.colormap_range != old.colormap_range
    assert new.drift.score == tuple(m.score for m in measured)
    assert new.drift.brightness == tuple(m.statistics.brightness for m in measured)
    same = {"calibration": old.calibration, "colormap_range": old.colormap_range, "drift": old.drift}
    assert dataclasses.replace(new, **same) == old


def test_added_pictures_join_the_earlier_ones(tiny_card, measured: list[Measurement]):
    new = recalibrate(tiny_card, measured, add=True)
    scores = (*tiny_card.calibration.scores, *(m.score for m in measured))
    calibration = dataclasses.replace(tiny_card.calibration, scores=tuple(sorted(scores)))
    assert new == dataclasses.replace(tiny_card, calibration=calibration, drift=drift_baseline(measured))
    again = recalibrate(new, measured[:3], add=True)
    assert len(again.drift) == len(measured) + 3


def test_law_a_calibration_belongs_to_its_set(measured: list[Measurement], rng: np.random.Generator):
    assert calibrate([measured[i] for i in rng.permutation(len(measured))]) == calibrate(measured)
