"""A limit that hardly any good picture exceeds, from scores among which some may be defective ones'."""

import math
from collections.abc import Iterable

import numpy as np

FALSE_SUSPICION_RATE = 0.01

# The highest scores, whose pictures may be defective, are counted but not measured.
_CENSORED_SHARE = 0.2


def exponential_tail_limit(scores: Iterable[float], rate: float = FALSE_SUSPICION_RATE) -> float:
    """The score that a good picture exceeds with probability `rate`, if good scores have an exponential tail.

    With m scores above the median u, of which the r lowest are measured and the others only counted, the
    tail's scale is estimated by s = (Σ_{i≤r} e_i + (m - r)·e_r)/r, e_i the excesses over u in rising order.
    For an exponential tail r·s/scale is Gamma(r) (Epstein and Sobel, 1953), so that

        limit = u + s·r·((rate·n/m)^(-1/r) - 1)

    is exceeded by another picture with probability `rate` exactly, however few scores there are: the fewer,
    the higher it lies. Lighter tails, as the normal one, exceed it less often, heavier ones more. The
    highest fifth may hold anything: it does not raise the limit.

    Args:
        scores: Four or more, finite, in any order.
        rate: In (0, 0.5).

    Raises:
        ValueError: There are fewer than four scores.
    """
    ordered = np.sort(np.array(list(scores), dtype=np.float64))
    n = len(ordered)
    if n < 4:
        raise ValueError(f"a tail needs four or more scores; got {n}")
    below = (n + 1) // 2
    excess = ordered[below:] - ordered[below - 1]
    m = len(excess)
    r = max(1, m - math.floor(_CENSORED_SHARE * n))
    total = excess[:r].sum() + (m - r) * excess[r - 1]
    return float(ordered[below - 1] + total * ((rate * n / m) ** (-1 / r) - 1))
