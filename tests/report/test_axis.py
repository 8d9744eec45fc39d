import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flawflow.report.axis import Axis, bottom_axis, round_ticks, side_grid, upright_thresholds


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(4, 12))
def test_ticks_are_round_and_on_the_axis(low: float, span: float, count: int):
    ticks = round_ticks(low, low + span, count)
    assert 1 <= len(ticks) <= count + 1
    assert all(low - 1e-6 * span <= tick <= low + span + 1e-6 * span for tick in ticks)


def test_a_logarithmic_axis_has_equal_factors_equally_far_apart():
    axis = Axis(0.8, 120, 0, 200, is_logarithmic=True)
    assert axis.ticks(5) == [1, 2, 5, 10, 20, 50, 100]
    assert axis(100) - axis(10) == pytest.approx(axis(10) - axis(1), abs=0.02)
    assert (axis(0.8), axis(120)) == (0, 200)


def test_an_axis_may_run_upwards():
    axis = Axis(0, 4, 156, 42)
    assert (axis(0), axis(4), axis(1)) == (156, 42, 127.5)
    (line, text) = ET.fromstring(f"<svg>{side_grid(axis, [1], 44, 544)}</svg>")
    assert (line.get("y1"), line.get("x1"), text.text, text.get("x")) == ("127.5", "44", "1", "38")


def test_the_line_below_names_its_ticks_and_itself():
    drawn = ET.fromstring(f"<svg>{bottom_axis(Axis(0, 1, 0, 100), 50, count=4, label='a < b')}</svg>")
    assert [text.text for text in drawn.iter("text")] == ["0", "0.5", "1", "a < b"]


@pytest.mark.parametrize(("ng", "review", "anchors"), [(9, 5, ["end", "end"]), (2, 1, ["start", "start"])])
def test_labels_of_thresholds_stay_on_the_chart(ng: float, review: float, anchors: list[str]):
    drawn = ET.fromstring(f"<svg>{upright_thresholds(Axis(0, 10, 44, 544), 156, ng=ng, review=review)}</svg>")
    texts = list(drawn.iter("text"))
    assert [text.get("text-anchor") for text in texts] == anchors
    assert [text.text for text in texts] == [f"NG above {ng}", f"REVIEW above {review}"]
    assert "REVIEW" not in upright_thresholds(Axis(0, 10, 44, 544), 156, ng=ng, review=ng)
