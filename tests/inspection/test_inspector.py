import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from flawflow.decision.regions import Region, find_regions
from flawflow.errors import ImageError, ModelFileError
from flawflow.inspection import Failure, Inspector, localization
from flawflow.model_file import replace_card

same_model = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)


@pytest.fixture
def inspector(tiny_model) -> Inspector:
    return Inspector.load(tiny_model)


def same(one, other):
    """Whether two results say the same, to the bit."""
    if isinstance(one, Failure) or isinstance(other, Failure):
        return one == other
    np.testing.assert_array_equal(one.graph_map, other.graph_map)
    np.testing.assert_array_equal(one.anomaly_map, other.anomaly_map)
    fields = ("path", "score", "p_value", "verdict", "size", "regions")
    return all(getattr(one, name) == getattr(other, name) for name in fields)


def part(*, left=0, top=0, width=0, height=0, size=(32, 32)):
    """A black picture with a white rectangle."""
    picture = np.zeros((*size, 3), np.uint8)
    picture[top : top + height, left : left + width] = 255
    return picture


def test_a_good_picture(inspector):
    result = inspector.inspect(part())
    assert (result.path, result.score, result.p_value, result.verdict) == (None, 0.0, 1.0, "OK")
    assert result.regions == ()
    assert (result.anomaly_map.shape, result.anomaly_map.dtype) == ((32, 32), np.float32)
    assert type(result.score) is float


def test_a_defective_picture(inspector):
    result = inspector.inspect(part(left=3, top=10, width=8, height=5))
    assert result.score == pytest.approx(1.0)
    assert (result.p_value, result.verdict) == (0.01, "NG")
    (region,) = result.regions
    assert region == Region(box=(3, 10, 11, 15), area=36, peak=result.score, centroid=(6.5, 12.0))


def test_map_and_regions_are_at_the_pictures_own_size(inspector):
    result = inspector.inspect(part(left=120, top=40, width=80, height=80, size=(160, 320)))
    assert result.anomaly_map.shape == (160, 320)
    (region,) = result.regions
    np.testing.assert_allclose(region.box, (120, 40, 200, 120), atol=10)
    np.testing.assert_allclose(region.centroid, (159.5, 79.5), atol=1)


@same_model
@given(
    seed=st.integers(0, 999), height=st.integers(1, 90), width=st.integers(1, 90), top=st.integers(60, 255)
)
def test_regions_are_those_of_the_map(inspector, seed, height, width, top):
    picture = np.random.default_rng(seed).integers(0, top + 1, (height, width, 1), np.uint8).repeat(3, 2)
    result = inspector.inspect(picture)
    above = find_regions(result.anomaly_map, 0.5)
    assert result.regions == above or (result.verdict != "OK" and not above and len(result.regions) == 1)


def test_ng_and_review_have_something_to_see(inspector):
    calibration = inspector.card.calibration
    for verdict in ("NG", "REVIEW"):
        if verdict == "REVIEW":
            calibration = dataclasses.replace(
                calibration, scores=(0.0, 2.0), review_rate=0.9, false_reject_rate=0.1
            )
        # The score is above its threshold, and no pixel is above the map's.
        blind = inspector.with_calibration(dataclasses.replace(calibration, pixel_threshold=5.0))
        result = blind.inspect(part(left=9, top=20, width=3, height=3))
        assert result.verdict == verdict
        (region,) = result.regions
        # Halfway from the calm 0.25 to the peak of 1: the rectangle but for its corners.
        assert (region.box, region.area, region.peak) == ((9, 20, 12, 23), 5, 1.0)
    assert blind.inspect(part(width=1, height=1)).regions != ()
    calm = blind.with_calibration(dataclasses.replace(blind.card.calibration, scores=(1.0, 2.0)))
    assert calm.inspect(part(left=9, top=20, width=3, height=3)).regions == ()


def test_a_good_picture_costs_no_large_map(inspector, monkeypatch):
    monkeypatch.setattr(localization, "resize_map", None)
    result = inspector.inspect(part(size=(300, 400)))
    assert "anomaly_map" not in vars(result)
    assert (result.size, result.graph_map.shape) == ((300, 400), (32, 32))
    assert result.anomaly_map.shape == (300, 400)
    assert result.anomaly_map is result.anomaly_map


def test_an_inspection_is_frozen(inspector):
    result = inspector.inspect(part())
    for name in ("score", "graph_map", "anomaly_map"):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(result, name, 0)
    with pytest.raises(ValueError, match="read-only"):
        result.anomaly_map[0, 0] = 1


def test_timings_are_of_every_step(inspector):
    timings = inspector.inspect(part()).timings
    steps = dataclasses.astuple(timings)
    assert len(steps) == 4
    assert min(steps) > 0
    assert timings.total == pytest.approx(sum(steps))


def test_every_kind_of_source_says_the_same(inspector, tmp_path, rng):
    picture = rng.integers(0, 256, (40, 50, 3), np.uint8)
    path = tmp_path / "part.png"
    Image.fromarray(picture).save(path)
    expected = inspector.inspect(picture)
    for source in (path, str(path), path.read_bytes(), Image.open(path)):
        result = inspector.inspect(source)
        assert result.path == (path if isinstance(source, str | Path) else None)
        assert same(dataclasses.replace(result, path=None), expected)


def test_measure_is_what_inspect_judges(inspector, rng):
    picture = rng.integers(0, 256, (32, 32, 3), np.uint8)
    anomaly_map, score = inspector.measure(picture)
    result = inspector.inspect(picture)
    np.testing.assert_array_equal(anomaly_map, result.anomaly_map)
    assert score == result.score


def test_a_picture_that_cannot_be_read(inspector, tmp_path):
    path = tmp_path / "part.png"
    path.write_bytes(b"not a picture")
    with pytest.raises(ImageError):
        inspector.inspect(path)


@pytest.mark.parametrize("workers", [None, 1, 2, 4])
@same_model
@given(order=st.permutations(range(9)), cut=st.integers(0, 9))
def test_law_a_score_belongs_to_its_picture(inspector, workers, order, cut):
    rng = np.random.default_rng(1)
    sizes = [(32, 32), (20, 50), (64, 40)]
    pictures = [rng.integers(0, 60 * (1 + i % 4), (*sizes[i % 3], 3), np.uint8) for i in range(9)]
    alone = [inspector.inspect(picture) for picture in pictures]
    order = order[:cut]
    together = list(inspector.inspect_many([pictures[i] for i in order], workers=workers))
    assert len(together) == len(order)
    assert all(same(result, alone[i]) for i, result in zip(order, together, strict=True))


def test_law_holds_for_another_number_of_cpu_threads(tiny_model, rng):
    picture = rng.integers(0, 256, (64, 64, 3), np.uint8)
    results = [Inspector.load(tiny_model, threads=threads).inspect(picture) for threads in (1, 2, 4)]
    assert all(same(result, results[0]) for result in results)


def test_a_bad_picture_among_good_ones(inspector, tmp_path):
    paths = [tmp_path / f"{name}.png" for name in ("first", "damaged", "missing", "last")]
    Image.fromarray(part()).save(paths[0])
    paths[1].write_bytes(b"not a picture")
    Image.fromarray(part(left=3, top=3, width=9, height=9)).save(paths[3])
    first, damaged, missing, last = inspector.inspect_many(paths, workers=2)
    assert (first.verdict, last.verdict) == ("OK", "NG")
    assert (first.path, last.path) == (paths[0], paths[3])
    for path, failure in ((paths[1], damaged), (paths[2], missing)):
        assert isinstance(failure, Failure)
        assert failure.path == path
        assert str(path) in failure.error


def test_the_pixels_come_with_the_inspection(inspector, tmp_path, rng):
    picture = rng.integers(0, 256, (20, 30, 3), np.uint8)
    Image.fromarray(picture).save(tmp_path / "a.png")
    inspection, pixels = inspector.inspect_with_image(tmp_path / "a.png")
    np.testing.assert_array_equal(pixels, picture)
    assert inspection.path == tmp_path / "a.png"
    assert inspection.score == inspector.inspect(picture).score


@pytest.mark.parametrize("sources", ["part.png", b"bytes", Path("part.png")])
def test_one_picture_is_not_many(inspector, sources):
    with pytest.raises(TypeError, match="several"):
        inspector.inspect_many(sources)


@pytest.mark.parametrize("score", [np.nan, np.inf])
def test_a_picture_without_a_score_never_passes(tiny_card, score):
    class Broken:
        def run(self, images):
            return np.zeros((1, 32, 32), np.float32), np.array([score], np.float32)

    inspector = Inspector(Broken(), tiny_card)
    with pytest.raises(ModelFileError, match="score"):
        inspector.inspect(part())
    (failure,) = inspector.inspect_many([part()])
    assert isinstance(failure, Failure)


def test_a_model_that_cannot_be_loaded_is_named(tmp_path, tiny_model, tiny_card):
    with pytest.raises(ModelFileError, match=r"missing\.flaw does not exist"):
        Inspector.load(tmp_path / "missing.flaw")
    replace_card(tiny_model, tiny_model, dataclasses.replace(tiny_card, size=(16, 16)))
    with pytest.raises(ModelFileError, match=r"tiny\.flaw.*16"):
        Inspector.load(tiny_model)
