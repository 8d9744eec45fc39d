import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flawflow.report.timeline import spans, timeline_svg

SVG = "{http://www.w3.org/2000/svg}"
scores = st.lists(st.floats(-1e3, 1e3).map(lambda value: round(value, 3)), min_size=1, max_size=60)


def drawn(
    values: list[float], *, ng: float = 5.0, review: float = 3.0, title: str = "clip.mp4"
) -> ET.Element:
    times = [n / 10 for n in range(len(values))]
    return ET.fromstring(timeline_svg(times, values, ng=ng, review=review, title=title, alone=True))


@given(scores, st.tuples(st.floats(-9, 9), st.floats(-9, 9)).map(sorted))
def test_spans_hold_what_is_above_a_threshold_and_nothing_else(values: list[float], thresholds: list[float]):
    review, ng = thresholds
    times = np.arange(len(values), dtype=float)
    found = spans(times, np.array(values), ng=ng, review=review, end=float(len(values)))
    for time, value in zip(times, values, strict=True):
        inside = {verdict for verdict, start, end in found if start <= time < end}
        assert inside == ({"ng"} if value > ng else {"review"} if value > review else set())
    # Neighbours of one verdict are one span.
    assert all(a[0] != b[0] or a[2] < b[1] for a, b in pairwise(found))


def test_ng_spans_stand_where_the_line_is_above_the_threshold():
    root = drawn([1, 1, 9, 9, 1, 4])
    bands = {band.get("class"): band for band in root.iter(f"{SVG}rect")}
    assert list(bands) == ["ng", "review"]
    line = root.find(f"{SVG}polyline").get("points")
    points = [tuple(map(float, point.split(","))) for point in line.split()]
    left = float(bands["ng"].get("x"))
    right = left + float(bands["ng"].get("width"))
    assert [left <= x < right for x, _ in points] == [False, False, True, True, False, False]
    (level,) = {
        float(line.get("y1"))
        for line in root.iter(f"{SVG}line")
        if line.get("class") == "threshold" and line.get("y1") == line.get("y2")
    } - {float(root.findall(f".//{SVG}line[@class='threshold']")[1].get("y1"))}
    assert [y < level for _, y in points] == [False, False, True, True, False, False]
    assert bands["ng"].findtext(f"{SVG}title") == "NG from 0.20 s to 0.40 s"


def test_both_thresholds_are_named_and_equal_ones_once():
    said = [text.text for text in drawn([1, 2]).iter(f"{SVG}text")]
    assert "NG above 5" in said
    assert "REVIEW above 3" in said
    assert "REVIEW" not in ET.tostring(drawn([1, 2], review=5.0), encoding="unicode").replace("review", "")


@pytest.mark.parametrize("values", [[2.0], [2.0, 2.0], [0.0, 0.0, 0.0]])
def test_few_and_equal_scores_can_be_drawn(values: list[float]):
    text = ET.tostring(drawn(values, ng=2.0, review=2.0), encoding="unicode")
    assert "nan" not in text
    assert "inf" not in text


def test_a_long_video_is_drawn_small_and_keeps_its_peaks():
    values = np.zeros(200_000)
    values[123_456] = 9
    times = np.arange(len(values)) / 25
    svg = timeline_svg(times.tolist(), values.tolist(), ng=5, review=3, title="long.mp4")
    assert len(svg) < 60_000
    heights = [float(y) for y in re.findall(r"[\d.]+,([\d.]+)", svg)]
    assert len(set(heights)) == 2
    assert 'class="ng"' in svg


def test_a_name_cannot_become_markup():
    root = drawn([1.0, 2.0], title='a"><script>x</script>.mp4')
    assert not list(root.iter(f"{SVG}script"))
