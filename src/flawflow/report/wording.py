"""Numbers said in words that need no statistics."""

import math

from flawflow.decision.calibration import Calibration, Verdict
from flawflow.decision.drift import Drift
from flawflow.decision.threshold import Threshold
from flawflow.decision.tolerance import CONFIDENCE
from flawflow.model_file.card import Card
from flawflow.model_file.tile_card import TileCard
from flawflow.results.record import Record

VERDICT_WORDS = {
    "NG": "not like the good parts",
    "REVIEW": "unusual for a good part",
    "OK": "like the good parts",
}

WHOLE_IMAGE = "Something is missing or too much: no single place explains the score"
"""What is said of a picture that is NG or REVIEW as a whole."""

_ROUNDING_MARGIN = 1e-9


def rarity(p_value: float, calibration_count: int) -> str:
    """Say what a p-value means.

    Args:
        p_value: Conformal p-value, in (0, 1].
        calibration_count: Number of good pictures that it was measured with.

    >>> rarity(0.004, 999), rarity(0.4, 999), rarity(0.9, 999), rarity(0.001, 999)
    ('about 1 good part in 250 scores this high', 'about 1 good part in 3 scores this high', 'most good parts score this high', 'higher than all 999 good parts of the calibration')
    """  # noqa: E501
    if p_value <= 1.5 / (calibration_count + 1):
        if calibration_count == 1:
            return "higher than the one good part of the calibration"
        return f"higher than all {calibration_count} good parts of the calibration"
    if p_value > 0.5:
        return "most good parts score this high"
    return f"about 1 good part in {int(1 / p_value + 0.5)} scores this high"


def rule(calibration: Calibration) -> str:
    """Say how scores become verdicts."""
    reject, review = calibration.threshold().score, calibration.review_threshold().score
    said = f"A picture is NG when its score is above {reject:.4g}"
    return f"{said}, and REVIEW when it is above {review:.4g}." if review < reject else f"{said}."


def roi_sentence(card: Card) -> str:
    """Say how much of a picture counts."""
    if not card.roi_run_lengths:
        return "the whole picture"
    # Runs of pixels that count are every second one.
    share = sum(card.roi_run_lengths[1::2]) / (card.size[0] * card.size[1])
    return f"{percent(share)} of the picture, by the mask of the training; the rest is ignored"


def tiles_sentence(tiles: TileCard) -> str:
    """Say how pictures are cut, and what that costs."""
    count, (height, width) = len(tiles.grid.tiles), tiles.size
    of_all = f"{counted(count, 'tile')} of {tiles.tile[1]} × {tiles.tile[0]} pixels at {width} × {height}"
    if tiles.mode == "all":
        return (
            f"as a whole and in {of_all}, which give one map and one score; so were those of the calibration"
        )
    return (
        f"as a whole and where doubtful in {of_all}, which give one map and one score; so were those of the "
        f"calibration, which took {tiles.mean_count:.1f} tiles on average"
    )


def promise(calibration: Calibration) -> str:
    """Say what the thresholds of a model promise, and when they cannot keep the rates asked for.

    Two statements: of the next good part, over all calibrations, and of all good parts, by this calibration.
    """
    reject, review = calibration.threshold(), calibration.review_threshold()
    reviews = review.score < reject.score
    said = f"A good part is judged NG with a probability of {rate(reject)}"
    said += f", and NG or REVIEW with {rate(review)}" if reviews else "; no picture is judged REVIEW"
    said += f" ({_measured_on(calibration)}). {_confidence(reject, review if reviews else None)}"
    if calibration.out_of_fold:
        said += f", by the {counted(reject.pictures, 'picture')} kept out of its own training alone"
    broken = [
        f"{percent(given.asked_rate)} of {verdict} needs {needed:,} pictures"
        for verdict, given, needed in (
            ("NG", reject, calibration.needed()),
            ("REVIEW", review, calibration.needed_for_review()),
        )
        if not given.keeps_rate
    ]
    what = "to guarantee what" if calibration.out_of_fold else "for what"
    return f"{said}. These are too few {what} was asked: {' and '.join(broken)}." if broken else f"{said}."


def meaning(verdict: Verdict, calibration: Calibration) -> str:
    """Say from where on a picture gets a verdict, NG or REVIEW, and how many good parts that takes."""
    reject, review = calibration.threshold(), calibration.review_threshold()
    if verdict == "NG":
        return f"NG above {reject.score:.4g}: a false reject rate of {rate(reject)}"
    if review.score == reject.score:
        return f"REVIEW above {review.score:.4g} as well: no picture is judged REVIEW"
    return f"REVIEW above {review.score:.4g}: {rate(review)} of good parts are NG or REVIEW"


def guarantee(calibration: Calibration) -> str:
    """Say whether the rates asked for are kept, and what holds with confidence; shorter than `promise`."""
    reject, review = calibration.threshold(), calibration.review_threshold()
    kind = " that its own training left out" if calibration.out_of_fold else ""
    said = [
        f"{percent(given.asked_rate)} cannot be guaranteed: it needs {needed:,} good calibration pictures, "
        f"and there are {given.pictures:,}{kind}."
        for given, needed in ((reject, calibration.needed()), (review, calibration.needed_for_review()))
        if not given.keeps_rate
    ] or [f"Guaranteed by {counted(reject.pictures, 'good calibration picture')}{kind}."]
    limits = _confidence(reject, review if review.score < reject.score else None)
    return " ".join([*said, f"{limits}."])


def _confidence(reject: Threshold, review: Threshold | None) -> str:
    """The statement for auditors: a tolerance limit, over the calibration pictures alone."""
    limit = f"at most {percent_up(reject.confident_rate)} of all good parts are judged NG"
    if review:
        limit += f", and at most {percent_up(review.confident_rate)} NG or REVIEW"
    return f"With {percent(CONFIDENCE)} confidence, {limit}"


def rate(given: Threshold) -> str:
    """Say at which rate good parts are above a threshold: what is guaranteed, and what is expected."""
    at_most = f"at most {percent(given.guaranteed_rate)}"
    if given.expected_rate == given.guaranteed_rate:
        return at_most
    return f"about {percent(given.expected_rate)} (guaranteed: {at_most})"


def _measured_on(calibration: Calibration) -> str:
    own, others = len(calibration.scores), len(calibration.out_of_fold)
    if not others:
        return f"measured on {counted(own, 'good picture')} kept out of the training"
    return (
        f"measured on {counted(own + others, 'good picture')}: {own:,} kept out of the training, which the "
        f"guarantee rests on, and {others:,} held out by models of other folds"
    )


def drift_sentences(drift: Drift) -> list[str]:
    """Say whether camera or light have changed: the verdict first, then how."""
    if not drift.reference:
        return ["The model has no drift baseline to compare with: calibrate it again (flawflow calibrate)."]
    said = [drift.hint] if drift.hint else []
    compared = f"{counted(drift.compared, 'OK picture')} compared with {drift.reference:,} of the calibration"
    if not drift.compared:
        return said or ["No OK picture to compare with those of the calibration."]
    if not drift.findings:
        return [*said, f"No sign that camera or lighting have changed ({compared})."]
    said.append(
        f"The pictures are not like those of the calibration ({compared}; without a change this is said with "
        f"a probability of at most {percent(drift.false_alarm_rate)}):"
    )
    return said + [
        f"{finding.words} ({finding.statistic} {finding.before:.4g} before, {finding.now:.4g} lately), "
        f"certain from OK picture {finding.since:,}" + (f", {finding.path}" if finding.path else "")
        for finding in drift.findings
    ]


def named(record: Record) -> str:
    """Name what a record is about: a picture, or a frame of a video.

    >>> named(Record(path="a.mp4", frame=12, seconds=0.48))
    'a.mp4, frame 12 at 0.48 s'
    """
    path = record.path or ""
    return path if record.frame is None else f"{path}, frame {record.frame} at {record.seconds:.2f} s"


def percent(share: float) -> str:
    """Write a share of one as a percentage with what digits it needs.

    >>> percent(0.01), percent(0.0476), percent(0.000999), percent(0.5), percent(0.999)
    ('1 %', '4.8 %', '0.1 %', '50 %', '100 %')
    """
    return f"{float(f'{100 * share:.2g}'):g} %"


def percent_up(share: float) -> str:
    """Write a share that is a limit as a percentage of two digits: rounded up, so that it stays true.

    >>> percent_up(1 / 16), percent_up(0.01), percent_up(0.0495), percent_up(0.0503), percent_up(0.996)
    ('6.3 %', '1 %', '5 %', '5.1 %', '100 %')
    """
    exponent = math.floor(math.log10(share)) - 1
    # What is a hair above two digits is the rounding of a float.
    return percent(math.ceil(share / 10**exponent - _ROUNDING_MARGIN) * 10**exponent)


def duration(seconds: float) -> str:
    """Write a duration as a person would.

    >>> duration(0.4), duration(42.3), duration(125), duration(7260), duration(5)
    ('less than a second', '42 seconds', '2 min 5 s', '2 h 1 min', '5 seconds')
    """
    if seconds < 1:
        return "less than a second"
    if round(seconds) < 60:
        return counted(round(seconds), "second")
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def counted(count: int, thing: str) -> str:
    """Write a count with its noun.

    >>> counted(1, "picture"), counted(12345, "picture")
    ('1 picture', '12,345 pictures')
    """
    return f"{count:,} {thing}{'' if count == 1 else 's'}"
