"""Numbers said in words that need no statistics."""

from flawflow.judge.calibration import Calibration

VERDICT_WORDS = {"OK": "like the good parts", "NG": "not like the good parts"}


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


def promise(calibration: Calibration) -> str:
    """Say what the threshold of a model promises, and when it cannot keep the rate asked for."""
    threshold = calibration.threshold()
    count = len(calibration.scores)
    said = f"A good part is judged NG with a probability of at most {percent(threshold.guaranteed_rate)}"
    measured = f"measured on {count} good {'picture' if count == 1 else 'pictures'} kept out of the training"
    if threshold.keeps_rate:
        return f"{said} ({measured})."
    return (
        f"{said} ({measured}; {calibration.needed()} would be needed for the "
        f"{percent(threshold.asked_rate)} that was asked for)."
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
