"""Numbers said in words that need no statistics."""

from typing import Any

from flawflow.judge.calibration import Calibration

VERDICT_WORDS = {
    "NG": "not like the good parts",
    "REVIEW": "unusual for a good part",
    "OK": "like the good parts",
}


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


def promise(calibration: Calibration) -> str:
    """Say what the thresholds of a model promise, and when they cannot keep the rates asked for."""
    reject, review = calibration.threshold(), calibration.review_threshold()
    said = f"A good part is judged NG with a probability of at most {percent(reject.guaranteed_rate)}"
    if review.score < reject.score:
        said += f", and NG or REVIEW with at most {percent(review.guaranteed_rate)}"
    else:
        said += "; no picture is judged REVIEW"
    said += f" (measured on {counted(len(calibration.scores), 'good picture')} kept out of the training)."
    broken = [
        f"{percent(given.asked_rate)} of {verdict} needs {calibration.needed(given.asked_rate):,} pictures"
        for verdict, given in (("NG", reject), ("REVIEW", review))
        if not given.keeps_rate
    ]
    return f"{said} These are too few for what was asked: {' and '.join(broken)}." if broken else said


def named(record: dict[str, Any]) -> str:
    """Name what a record of results.jsonl is about: a picture, or a frame of a video.

    >>> named({"path": "a.mp4", "frame": 12, "seconds": 0.48})
    'a.mp4, frame 12 at 0.48 s'
    """
    path = record["path"] or ""
    return (
        path if record["frame"] is None else f"{path}, frame {record['frame']} at {record['seconds']:.2f} s"
    )


def percent(share: float) -> str:
    """Write a share of one as a percentage with what digits it needs.

    >>> percent(0.01), percent(0.0476), percent(0.000999), percent(0.5)
    ('1 %', '4.8 %', '0.1 %', '50 %')
    """
    return f"{100 * share:.2g} %"


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
