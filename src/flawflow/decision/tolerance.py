"""What can be said with confidence of all good parts, by the few that were measured."""

import math

CONFIDENCE = 0.95
"""The share of calibrations whose limit is not below what it limits."""

_BISECTION_STEPS = 60


def upper_rate(above: int, count: int, *, confidence: float = CONFIDENCE) -> float:
    """The share of all good parts that exceed a calibration score at most, with 95 % confidence.

    The score is the `above`-th highest of `count`. Where scores are continuous, the share of parts that
    exceed it follows Beta(above, count + 1 - above) over all calibrations; with ties it is smaller. The
    quantile of that law is a tolerance limit (Wilks 1941), and the same number as Clopper and Pearson's upper
    limit (1934) for above - 1 exceedances among `count`: the p with P(Binomial(count, p) < above) = 5 %.

    Args:
        above: The rank of the score from the highest, from 1 to `count`.
        count: Calibration scores, independent and from the source of the parts.
        confidence: Another one than 95 %, in (1/2, 1).

    Raises:
        ValueError: `above` is not between 1 and `count`.

    >>> [round(100 * upper_rate(1, count), 2) for count in (58, 59, 298, 299)]
    [5.03, 4.95, 1.0, 1.0]
    """
    if not 1 <= above <= count:
        raise ValueError(f"Expected a rank between 1 and {count}; got {above}.")
    # P(Binomial(count, p) < above) falls from 1/2 or more at this low end to 0 at the high one.
    low, high = (above - 1) / count, 1.0
    for _ in range(_BISECTION_STEPS):
        middle = (low + high) / 2
        if _fewer(above, count, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def exact_interval(hits: int, count: int) -> tuple[float, float]:
    """The shares that `hits` of `count` independent parts are compatible with, with 95 % confidence.

    The interval of Clopper and Pearson (1934): below its lower end so many hits or more have a probability
    of less than 2.5 %, and above its upper end so many or fewer.

    Args:
        hits: From 0 to `count`.
        count: At least 1.

    Raises:
        ValueError: `hits` is not between 0 and `count`, or there is no part.

    >>> [round(100 * end, 2) for end in exact_interval(1, 20)]
    [0.13, 24.87]
    """
    if not 0 <= hits <= count or count == 0:
        raise ValueError(f"Expected hits between 0 and {count} of at least 1; got {hits} of {count}.")
    each = (1 + CONFIDENCE) / 2
    lower = 1 - upper_rate(count - hits + 1, count, confidence=each) if hits else 0.0
    upper = upper_rate(hits + 1, count, confidence=each) if hits < count else 1.0
    return lower, upper


def _fewer(above: int, count: int, share: float) -> float:
    """P(Binomial(count, share) < above) for a share of more than (above - 1)/count, below 1.

    Its terms fall from the last one down, so that they are added in this order.
    """
    last = above - 1
    log_last = (
        math.lgamma(count + 1)
        - math.lgamma(last + 1)
        - math.lgamma(count - last + 1)
        + (last * math.log(share) if last else 0.0)
        + (count - last) * math.log1p(-share)
    )
    term = total = 1.0
    for hits in range(last, 0, -1):
        term *= hits / (count - hits + 1) * (1 - share) / share
        total += term
    return math.exp(log_last) * total
