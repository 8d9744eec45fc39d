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


@given(scores=st.lists(numbers, min_size=1, max_size=60), threshold=numbers)
def test_every_picture_is_in_a_bar_of_its_verdict(scores: list[float], threshold: float):
    svg = histogram_svg(scores, threshold)
    assert sum(bars(svg, "ng")) == sum(score > threshold for score in scores)
    assert sum(bars(svg, "ok")) == sum(score <= threshold for score in scores)


@given(scores=st.lists(numbers, min_size=1, max_size=20), threshold=numbers)
def test_nothing_is_drawn_outside(scores: list[float], threshold: float):
    root = ET.fromstring(histogram_svg(scores, threshold))
    _, _, width, height = map(float, root.get("viewBox", "").split())
    for bar in root.iter("rect"):
        assert 0 <= float(bar.get("x")) <= float(bar.get("x")) + float(bar.get("width")) <= width + 1
        assert 0 <= float(bar.get("y")) <= height
    for line in root.iter("line"):
        assert 0 <= float(line.get("x1")) <= width


@pytest.mark.parametrize("scores", [[2.0], [2.0, 2.0, 2.0], [0.0, 0.0]])
def test_equal_scores_are_no_trouble(scores: list[float]):
    assert sum(bars(histogram_svg(scores, scores[0]), "ok")) == len(scores)


def test_the_axis_says_what_a_score_means():
    svg = histogram_svg([1.0, 2.0, 3.0], 2.5)
    assert "higher is more anomalous" in svg
    assert "threshold 2.5" in svg
