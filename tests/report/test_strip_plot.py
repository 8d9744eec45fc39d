import math
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flawflow.report.strip_plot import strip_plot_svg

finite = st.floats(-1e6, 1e6)


@given(
    st.dictionaries(st.text('ab<&"', max_size=40), st.lists(finite, min_size=1), min_size=1), finite, finite
)
def test_every_score_is_a_stroke_within_the_drawing(groups: dict[str, list[float]], one: float, other: float):
    review, ng = sorted((one, other))
    root = ET.fromstring(strip_plot_svg(groups, ng=ng, review=review))
    width = float(root.attrib["viewBox"].split()[2])
    for path in root.iter("path"):
        places = [float(stroke.split()[0]) for stroke in path.attrib["d"].split("M")[1:]]
        assert all(math.isfinite(place) and 0 <= place <= width for place in places)
        assert len(set(places)) == len(places)
    assert len(list(root.iter("path"))) >= len(groups)


def test_strokes_are_coloured_by_verdict():
    root = ET.fromstring(strip_plot_svg({"good": [1.0, 2.0], "dent": [2.0, 3.0, 9.0]}, ng=3.0, review=2.0))
    titles = {path.attrib["class"]: path[0].text for path in root.iter("path")}
    assert titles == {
        "ok": "dent: 1 picture OK", "review": "dent: 1 picture REVIEW", "ng": "dent: 1 picture NG",
    }  # fmt: skip
    labels = [text.text for text in root.iter("text")]
    assert {"good", "dent", "NG above 3", "REVIEW above 2"} <= set(labels)


@pytest.mark.parametrize("score", [0.0, 5.0, -1e6])
def test_one_score_for_all_has_an_axis(score: float):
    ET.fromstring(strip_plot_svg({"good": [score]}, ng=score, review=score))
