import pytest
from hypothesis import given
from hypothesis import strategies as st

from flawflow.judge.calibration import Calibration
from flawflow.report.words import counted, duration, percent, promise, rarity


@given(st.integers(1, 5000), st.data())
def test_the_rarest_is_said_only_of_scores_above_all_good_ones(count: int, data: st.DataObject):
    rank = data.draw(st.integers(1, count + 1))
    words = rarity(rank / (count + 1), count)
    assert words.startswith("higher than") == (rank == 1)


@pytest.mark.parametrize(
    ("p_value", "words"), [(0.51, "most good"), (0.5, "1 good part in 2"), (0.02, "in 50")]
)
def test_a_p_value_in_words(p_value: float, words: str):
    assert words in rarity(p_value, 999)


def test_one_calibration_picture():
    assert rarity(0.5, 1) == "higher than the one good part of the calibration"


def test_a_promise_that_holds_and_one_that_cannot():
    kept = promise(Calibration(tuple(map(float, range(99))), pixel_threshold=1.0))
    assert "at most 1 % (measured on 99 good pictures" in kept
    assert "needed" not in kept
    broken = promise(Calibration(tuple(map(float, range(19))), pixel_threshold=1.0))
    assert "at most 5 %" in broken
    assert "99 would be needed for the 1 %" in broken


def test_small_words():
    assert percent(0.0476) == "4.8 %"
    assert [duration(s) for s in (0.2, 1.2, 59.9, 3599, 3600)] == [
        "less than a second", "1 second", "1 min 0 s", "59 min 59 s", "1 h 0 min",
    ]  # fmt: skip
    assert counted(0, "region") == "0 regions"
