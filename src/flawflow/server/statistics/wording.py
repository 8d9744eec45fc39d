"""The words and numbers of the report."""

from collections.abc import Mapping
from datetime import datetime
from typing import get_args

from flawflow.server.statistics.places import Size, Third

WORDS = {
    "title": "Inspection report",
    "from": "From",
    "until": "until",
    "model": "Model",
    "source": "Source",
    "all": "all",
    "inspected": "Inspected",
    "share": "Share",
    "over_time": "Share of NG over time",
    "begins": "Begins",
    "limits": "Limits",
    "out": "beyond",
    "limit_note": "A point beyond its limits (p ± 3 standard deviations of chance) is marked.",
    "by_model": "By model",
    "by_source": "By source",
    "places": "Where regions lie: {model}",
    "places_note": "{count} regions of pictures judged NG or REVIEW; each counts where its centroid lies.",
    "place": "Place",
    "size": "Share of the picture",
    "regions": "Regions",
    "up_to": "Up to this",
    "labels": "What people said",
    "good": "Good",
    "bad": "Bad",
    "agree": "People and model agree on {share} of {count} pictures that both have judged{kappa}.",
    "kappa": " (Cohen's kappa {value:.2f})",
    "rejects": "False reject rate: {rate}, 95 % interval {low} to {high}, from {good} good among {reviewed} "
    "reviewed of {total} pictures judged NG.",
    "assumption": "Pictures judged OK or REVIEW are taken to be as good as their reviewed ones, or all where "
    "none was reviewed; those reviewed are taken to be like the others.",
    "none": "No picture was inspected in this time.",
    "made": "Made",
}
"""What the report says, in one place for translations."""

THIRDS: Mapping[Third, str] = {name: name.replace("-", " ") for name in get_args(Third)}
"""What parts of a picture are called."""

SIZES: Mapping[Size, str] = {
    "tiny": "below 0.1 %",
    "small": "0.1 to 1 %",
    "medium": "1 to 10 %",
    "large": "10 % and more",
}
"""What classes of sizes are called."""


def percent(share: float) -> str:
    """Write a share with three digits.

    >>> percent(0.01234)
    '1.23 %'
    """
    return f"{100 * share:.3g} %"


def moment(time: datetime) -> str:
    """Write a time to the minute."""
    return f"{time:%Y-%m-%d %H:%M}"
