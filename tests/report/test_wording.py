from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flawflow.decision.calibration import Calibration
from flawflow.images.tiling import TileGrid
from flawflow.model_file.card import Card
from flawflow.report.wording import (
    counted,
    duration,
    guarantee,
    meaning,
    percent,
    promise,
    rarity,
    roi_sentence,
    rule,
    tiles_sentence,
)

from ..inspection.tiled_model import SIZE, tile_card


def calibration(count: int) -> Calibration:
    return Calibration(tuple(map(float, range(count))), pixel_threshold=1.0)


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
    kept = promise(calibration(99))
    assert "NG with a probability of at most 1 %, and NG or REVIEW with at most 5 % (measured on 99" in kept
    assert "few" not in kept
    broken = promise(calibration(49))
    assert "NG with a probability of at most 2 %, and NG or REVIEW with at most 4 %" in broken
    assert broken.endswith("too few for what was asked: 1 % of NG needs 99 pictures.")
    few = promise(calibration(9))
    assert "at most 10 %, and NG or REVIEW with at most 20 %" in few
    assert few.endswith("1 % of NG needs 99 pictures and 5 % of REVIEW needs 39 pictures.")
    # One score has no other below it.
    assert "at most 50 %; no picture is judged REVIEW" in promise(calibration(1))


@pytest.mark.parametrize(("count", "limit"), [(58, "5.1 %"), (59, "5 %"), (298, "1.1 %"), (299, "1 %")])
def test_the_promise_to_auditors(count: int, limit: str):
    one_rank = replace(calibration(count), false_reject_rate=0.001, review_rate=0.001)
    assert (
        promise(one_rank)
        .split(". ")[1]
        .startswith(f"With 95 % confidence, at most {limit} of all good parts are judged NG")
    )
    # The third highest of 59: Beta(3, 57).
    assert "NG, and at most 11 % NG or REVIEW" in promise(calibration(59))


def test_the_promise_of_a_cross_fitted_model_tells_what_is_seen_from_what_is_sure():
    scores = tuple(map(float, range(60)))
    said = promise(Calibration(scores[::4], 1.0, out_of_fold=tuple(sorted({*scores} - {*scores[::4]}))))
    assert "NG with a probability of about 1.6 % (guaranteed: at most 6.2 %)" in said
    assert "(measured on 60 good pictures: 15 kept out of the training, which the guarantee" in said
    # 1 - 0.05^(1/15) and the quantile of Beta(2, 14): the sisters' scores have no part in it.
    assert (
        "With 95 % confidence, at most 19 % of all good parts are judged NG, and at most 28 % NG or REVIEW, "
        "by the 15 pictures kept out of its own training alone."
    ) in said
    assert said.endswith(
        "to guarantee what was asked: 1 % of NG needs 99 pictures and 5 % of REVIEW needs 39 pictures."
    )


def test_the_rule_names_only_verdicts_that_occur():
    assert rule(calibration(99)) == (
        "A picture is NG when its score is above 98, and REVIEW when it is above 94."
    )
    assert rule(calibration(9).with_rates(false_reject_rate=0.05)) == (
        "A picture is NG when its score is above 8."
    )


def test_what_thresholds_mean_in_short():
    judge = calibration(99)
    assert meaning("NG", judge) == "NG above 98: a false reject rate of at most 1 %"
    assert meaning("REVIEW", judge) == "REVIEW above 94: at most 5 % of good parts are NG or REVIEW"
    same = judge.with_rates(review_rate=0.01)
    assert meaning("REVIEW", same) == "REVIEW above 98 as well: no picture is judged REVIEW"
    assert guarantee(judge) == (
        "Guaranteed by 99 good calibration pictures. With 95 % confidence, at most 3 % of all good parts are "
        "judged NG, and at most 9.1 % NG or REVIEW."
    )
    few = guarantee(calibration(31))
    assert few.startswith(
        "1 % cannot be guaranteed: it needs 99 good calibration pictures, and there are 31. 5 %"
    )
    crossed = Calibration((1.0, 2.0), 1.0, 0.5, 0.5, out_of_fold=(3.0,))
    assert guarantee(crossed).startswith(
        "Guaranteed by 2 good calibration pictures that its own training left out. With"
    )


def test_how_much_of_a_picture_counts(card: Card):
    assert roi_sentence(card) == "the whole picture"
    masked = replace(card, roi_run_lengths=(0, 1024, 3072))
    assert roi_sentence(masked).startswith("25 % of the picture, by the mask")


def test_how_pictures_are_cut():
    tiles = tile_card(TileGrid((64, 96), SIZE, 0.25))
    said = tiles_sentence(tiles)
    assert said.startswith("as a whole and in 12 tiles of 32 × 32 pixels at 96 × 64")
    doubtful = tiles_sentence(replace(tiles, mode="doubtful", mean_count=3.25))
    assert doubtful.startswith("as a whole and where doubtful in 12 tiles")
    assert doubtful.endswith("which took 3.2 tiles on average")


def test_small_words():
    assert percent(0.0476) == "4.8 %"
    assert [duration(s) for s in (0.2, 1.2, 59.9, 3599, 3600)] == [
        "less than a second", "1 second", "1 min 0 s", "59 min 59 s", "1 h 0 min",
    ]  # fmt: skip
    assert counted(0, "region") == "0 regions"
