"""Watches each model's pictures for a change of camera or light, from the start of the station on."""

import threading
from dataclasses import dataclass
from datetime import UTC, datetime

from flawflow.decision.drift import Drift, DriftMonitor
from flawflow.inspection.inspection import Inspection
from flawflow.server.models import Model


@dataclass(frozen=True)
class Watched:
    """What is known of a model's pictures.

    Attributes:
        drift: What has changed.
        since: Since when they are watched: the station's start, or the last change of the model or its rates.
        began: When a change became certain, or most pictures were not OK and unlike all good ones in one way;
            None where neither is so.
    """

    drift: Drift
    since: datetime
    began: datetime | None = None


@dataclass
class _Monitored:
    """A model as it judges now.

    Attributes:
        judged_by: Its file and threshold; with others other pictures pass as OK.
        monitor: Compares its pictures.
        since: When it began.
        began: See `Watched`.
        is_found: Whether there is a finding, which stays.
    """

    judged_by: tuple[str, float]
    monitor: DriftMonitor
    since: datetime
    began: datetime | None = None
    is_found: bool = False

    def add(self, inspection: Inspection) -> None:
        self.monitor.add(inspection)
        if self.is_found:
            return
        drift = self.monitor.drift()
        self.is_found = bool(drift.findings)
        if not self.is_found and drift.hint is None:
            self.began = None
        elif self.began is None:
            self.began = datetime.now(UTC)


class DriftWatch:
    """A monitor for each model as it judges now. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._monitors: dict[str, _Monitored] = {}

    def add(self, model: Model, inspection: Inspection) -> None:
        """Take a picture into account."""
        with self._lock:
            self._monitor(model).add(inspection)

    def of(self, model: Model) -> Watched:
        """Give what is known of a model's pictures."""
        with self._lock:
            known = self._monitor(model)
            return Watched(known.monitor.drift(), known.since, known.began)

    def _monitor(self, model: Model) -> _Monitored:
        judged_by = model.sha256, model.calibration.review_threshold().score
        known = self._monitors.get(model.name)
        if known is None or known.judged_by != judged_by:
            known = _Monitored(judged_by, DriftMonitor(model.inspector.card), datetime.now(UTC))
            self._monitors[model.name] = known
        return known
