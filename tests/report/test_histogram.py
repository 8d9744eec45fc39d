import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flawflow.report.histogram import histogram_svg

numbers = st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: round(value, 3))


def bars(svg: str, kind: str) -> list[int]:
    root = ET.fromstring(svg)
    titles = [bar.findtext("title", "") for bar in root.iter("rect") if bar.get("class") == kind]
    return [int(re.match(r"\d+", title)[0]) for title in titles]


thresholds = st.tuples(numbers, numbers).map(sorted)


@given(scores=st.lists(numbers, min_size=1, max_size=60), thresholds=thresholds)
def test_every_picture_is_in_a_bar_of_its_verdict(scores: list[float], thresholds: list[float]):
    review, ng = thresholds
    svg = histogram_svg(scores, ng=ng, review=review)
    assert sum(bars(svg, "ng")) == sum(score > ng for score in scores)
    assert sum(bars(svg, "review")) == sum(review < score <= ng for score in scores)
    assert sum(bars(svg, "ok")) == sum(score <= review for score in scores)


def test_verdicts_of_one_bin_stand_upon_each_other():
    # 48 bins over 0 … 48 and one more at each end: 10.5 lies inside the bin from 10 to 11.
    scores = [0.0, *[10.2] * 3, *[10.8] * 2, 48.0]
    root = ET.fromstring(histogram_svg(scores, ng=20.0, review=10.5))
    tall = {bar.get("class"): bar for bar in root.iter("rect") if float(bar.get("height")) > 30}
    ok, review = ({key: float(bar.get(key)) for key in ("x", "y", "height")} for bar in tall.values())
    assert list(tall) == ["ok", "review"]
    assert ok["x"] == review["x"]
    assert review["y"] + review["height"] == pytest.approx(ok["y"], abs=0.02)
    assert ok["height"] / review["height"] == pytest.approx(3 / 2, rel=0.01)


@given(scores=st.lists(numbers, min_size=1, max_size=20), thresholds=thresholds)
def test_nothing_is_drawn_outside(scores: list[float], thresholds: list[float]):
    root = ET.fromstring(histogram_svg(scores, ng=thresholds[1], review=thresholds[0]))
    _, _, width, height = map(float, root.get("viewBox", "").split())
    for bar in root.iter("rect"):
        assert 0 <= float(bar.get("x")) <= float(bar.get("x")) + float(bar.get("width")) <= width + 1
        assert 0 <= float(bar.get("y")) <= height
    for line in root.iter("line"):
        assert 0 <= float(line.get("x1")) <= width


@pytest.mark.parametrize("scores", [[2.0], [2.0, 2.0, 2.0], [0.0, 0.0]])
def test_equal_scores_are_no_trouble(scores: list[float]):
    assert sum(bars(histogram_svg(scores, ng=scores[0], review=scores[0]), "ok")) == len(scores)


def test_the_axis_says_what_a_score_means():
    svg = histogram_svg([1.0, 2.0, 3.0], ng=2.5, review=1.5)
    assert "higher is more anomalous" in svg
    assert "NG above 2.5" in svg
    assert "REVIEW above 1.5" in svg
    assert ">REVIEW" not in histogram_svg([1.0, 2.0], ng=2.5, review=2.5)


def test_the_calibration_is_marked():
    svg = histogram_svg([1.0, 2.0], ng=3.0, review=2.5, known=[-4.0, 1.5, 1.5, 3.0])
    assert svg.count("M") == 3, "equal scores are one stroke"
    assert "4 good pictures of the calibration" in svg
    assert "known" not in histogram_svg([1.0, 2.0], ng=3.0, review=2.5)
    places = [float(part.split()[0]) for part in svg.split('d="')[1].split('"')[0].split("M")[1:]]
    assert places == sorted(places)
    assert min(places) >= 44
