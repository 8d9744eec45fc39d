"""What people's labels say of the model: agreement, and the false reject rate that was achieved."""

from collections.abc import Mapping
from dataclasses import dataclass

from flawflow.decision.tolerance import exact_interval
from flawflow.server.statistics.series import Counts

Reviewed = Mapping[tuple[str, str], int]
"""How many there are of each (verdict, label), good or bad."""


@dataclass(frozen=True)
class Agreement:
    """How far people and model agree, where both have said OK or NG, good or bad.

    Attributes:
        share: Of the pictures of which both say the same.
        kappa: Cohen's: 0 is chance, 1 all; None where one of them always says the same.
        count: Pictures.
    """

    share: float
    kappa: float | None
    count: int


@dataclass(frozen=True)
class FalseRejects:
    """Which share of good parts was judged NG, estimated from the labels.

    Attributes:
        rate: The estimate.
        low: Lower end of its 95 % interval.
        high: Upper end.
        good: Pictures judged NG that people called good.
        reviewed: Pictures judged NG that people called good or bad.
        total: Pictures judged NG.
    """

    rate: float
    low: float
    high: float
    good: int
    reviewed: int
    total: int


def agreement(reviewed: Reviewed) -> Agreement | None:
    """Compare people and model; None where nothing can be compared."""
    a, b = reviewed.get(("OK", "good"), 0), reviewed.get(("OK", "bad"), 0)
    c, d = reviewed.get(("NG", "good"), 0), reviewed.get(("NG", "bad"), 0)
    count = a + b + c + d
    if not count:
        return None
    share = (a + d) / count
    chance = ((a + b) * (a + c) + (c + d) * (b + d)) / count**2
    return Agreement(share, None if chance == 1 else (share - chance) / (1 - chance), count)


def false_rejects(reviewed: Reviewed, counts: Counts) -> FalseRejects | None:
    """Estimate the false reject rate; None where no picture judged NG was reviewed.

    Each verdict is a stratum: of the pictures with it, as many are taken to be good as the share of its
    reviewed ones. Those judged OK or REVIEW of which none was reviewed are taken to be good. The interval is
    that of Clopper and Pearson for the share of good ones among those judged NG; the other strata are taken
    as they are estimated. It holds where those that were reviewed are like those that were not.
    """
    good, bad = reviewed.get(("NG", "good"), 0), reviewed.get(("NG", "bad"), 0)
    if not good + bad:
        return None
    others = sum(
        total * _share_good(reviewed, verdict)
        for verdict, total in (("OK", counts.ok), ("REVIEW", counts.review))
    )

    def rate(share: float) -> float:
        rejected = counts.ng * share
        return rejected / (rejected + others) if rejected else 0.0

    low, high = exact_interval(good, good + bad)
    return FalseRejects(rate(good / (good + bad)), rate(low), rate(high), good, good + bad, counts.ng)


def _share_good(reviewed: Reviewed, verdict: str) -> float:
    good, bad = reviewed.get((verdict, "good"), 0), reviewed.get((verdict, "bad"), 0)
    return good / (good + bad) if good + bad else 1.0
