"""Has the camera or the light changed since the calibration? A word with a stated false alarm rate.

Good-looking pictures (verdict OK) are compared with the good pictures of the calibration that look so, one
statistic at a time, each by a martingale (`flawflow.decision.martingale`) that needs as many times the
wealth as there are statistics. So the probability of any false alarm, over any number of pictures, is
bounded.
"""

import dataclasses
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from flawflow.decision.calibration import Calibration, Verdict
from flawflow.decision.drift_baseline import DriftBaseline
from flawflow.decision.martingale import ConformalMartingale
from flawflow.images.statistics import ImageStatistics

FALSE_ALARM_RATE = 0.01

# When most of the latest pictures are not OK, so many of these must lie beyond all good ones for a hint.
_LATEST, _HINT_PICTURES, _HINT_SHARE = 30, 10, 0.9

FINDING_WORDING: Mapping[str, tuple[str, str]] = {
    "score": ("scores are lower", "scores are higher"),
    "brightness": ("darker", "brighter"),
    "contrast": ("less contrast", "more contrast"),
    "sharpness": ("blurrier", "sharper or noisier"),
    "red": ("less red", "redder"),
    "blue": ("yellower", "bluer"),
    "across": ("moved to the left", "moved to the right"),
    "down": ("moved up", "moved down"),
}
"""What a lower and a higher value of each statistic means."""


class HasCalibration(Protocol):
    """What a model's card says about its good pictures."""

    @property
    def calibration(self) -> Calibration:
        """Their scores and the thresholds."""
        ...

    @property
    def drift(self) -> DriftBaseline:
        """How they were taken."""
        ...


class InspectionLike(Protocol):
    """What an inspection says about one picture."""

    @property
    def path(self) -> Path | None:
        """Its file."""
        ...

    @property
    def score(self) -> float:
        """The image score; higher is more anomalous."""
        ...

    @property
    def verdict(self) -> Verdict:
        """Only pictures with the verdict OK are compared."""
        ...

    @property
    def statistics(self) -> ImageStatistics | None:
        """How it was taken; None where the model has nothing to compare it with."""
        ...


@dataclass(frozen=True)
class Finding:
    """One way in which the pictures have changed.

    Attributes:
        statistic: A key of `FINDING_WORDING`.
        words: What has changed, such as "brighter".
        since: Number of the OK picture, from 1, at which it was certain enough to say.
        path: That picture; None where it has no file.
        before: Median of the calibration's pictures.
        now: Median of the latest OK pictures, up to 20.
    """

    statistic: str
    words: str
    since: int
    path: str | None
    before: float
    now: float


@dataclass(frozen=True)
class Drift:
    """What is known of a change so far.

    Attributes:
        findings: What has changed, in the order of its discovery.
        hint: A sentence where most of the latest pictures are not OK and nearly all of those were taken
            otherwise than every good one; it has no stated rate. None elsewhere.
        compared: OK pictures that were compared.
        reference: Pictures of the calibration that they were compared with.
        false_alarm_rate: If nothing has changed, there is ever a finding with at most this probability.
    """

    findings: tuple[Finding, ...]
    hint: str | None
    compared: int
    reference: int
    false_alarm_rate: float

    def to_dict(self) -> dict[str, Any]:
        """All fields, ready for JSON."""
        return dataclasses.asdict(self)


class DriftMonitor:
    """Watches inspected pictures, in their order, for a change of camera or light.

    Args:
        card: The model's card; without a drift reference in it nothing is compared.
        false_alarm_rate: In (0, 1): the probability of any finding, over any number of pictures, if nothing
            has changed.
        seed: Of the chance that orders equal values.

    Raises:
        ValueError: When the rate is outside (0, 1).
    """

    def __init__(
        self, card: HasCalibration, *, false_alarm_rate: float = FALSE_ALARM_RATE, seed: int = 0
    ) -> None:
        if not 0.0 < false_alarm_rate < 1.0:
            raise ValueError(f"a rate must be between 0 and 1 (0.01 is 1 %); got {false_alarm_rate}")
        columns = {name: np.array(values) for name, values in vars(card.drift).items()}
        # Above the threshold no picture is OK, and the one at it is no random one: what is left is of one
        # source with the OK pictures to come.
        looks_good = columns["score"] < card.calibration.review_threshold().score
        self._false_alarm_rate = false_alarm_rate
        self._reference = int(looks_good.sum())
        generator = np.random.default_rng(seed)
        self._martingales = {
            name: ConformalMartingale(column[looks_good], len(columns) / false_alarm_rate, generator)
            for name, column in columns.items()
        }
        self._ranges = {name: (column.min(), column.max()) for name, column in columns.items() if len(column)}
        self._compared = 0
        # Of the latest pictures: None of an OK one; else on which sides of all good ones it lies.
        self._latest: deque[frozenset[tuple[str, int]] | None] = deque(maxlen=_LATEST)
        self._found: list[tuple[str, int, int, str | None]] = []

    def add(self, inspection: InspectionLike) -> None:
        """Take the next picture into account."""
        if inspection.statistics is None or not self._reference:
            return
        values = {"score": inspection.score, **vars(inspection.statistics)}
        if inspection.verdict != "OK":
            self._latest.append(self._sides(values))
            return
        self._latest.append(None)
        self._compared += 1
        for name, martingale in self._martingales.items():
            direction = martingale.add(values[name])
            if direction is not None:
                path = None if inspection.path is None else str(inspection.path)
                self._found.append((name, direction, self._compared, path))

    def drift(self) -> Drift:
        """What is known so far."""
        return Drift(
            findings=tuple(
                Finding(
                    statistic=name,
                    words=FINDING_WORDING[name][direction],
                    since=since,
                    path=path,
                    before=self._martingales[name].before,
                    now=self._martingales[name].now,
                )
                for name, direction, since, path in self._found
            ),
            hint=self._hint(),
            compared=self._compared,
            reference=self._reference,
            false_alarm_rate=self._false_alarm_rate,
        )

    def _sides(self, values: Mapping[str, float]) -> frozenset[tuple[str, int]]:
        """The statistics in which a picture is below (0) or above (1) all good ones; scores are no cause."""
        return frozenset(
            (name, int(values[name] > high))
            for name, (low, high) in self._ranges.items()
            if name != "score" and not low <= values[name] <= high
        )

    def _hint(self) -> str | None:
        """Where the light is quite another, no picture is OK, and there is nothing to compare."""
        strange = [sides for sides in self._latest if sides is not None]
        counts = Counter(side for sides in strange for side in sides)
        if len(strange) < _HINT_PICTURES or 2 * len(strange) <= len(self._latest) or not counts:
            return None
        (name, direction), count = counts.most_common(1)[0]
        if count < _HINT_SHARE * len(strange):
            return None
        return (
            f"Of the latest {len(self._latest)} pictures {len(strange)} are not OK, and {count} of these "
            "differ in one way from every good picture of the calibration: "
            f"{FINDING_WORDING[name][direction]}. Look at light and camera before the parts."
        )
