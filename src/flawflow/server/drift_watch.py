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
    """

    drift: Drift
    since: datetime


class DriftWatch:
    """A monitor for each model as it judges now. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._monitors: dict[str, tuple[tuple[str, float], DriftMonitor, datetime]] = {}

    def add(self, model: Model, inspection: Inspection) -> None:
        """Take a picture into account."""
        with self._lock:
            self._monitor(model)[0].add(inspection)

    def of(self, model: Model) -> Watched:
        """Give what is known of a model's pictures."""
        with self._lock:
            monitor, since = self._monitor(model)
            return Watched(monitor.drift(), since)

    def _monitor(self, model: Model) -> tuple[DriftMonitor, datetime]:
        # Another model or other thresholds let other pictures pass as OK.
        judged_by = model.sha256, model.calibration.review_threshold().score
        known = self._monitors.get(model.name)
        if known is None or known[0] != judged_by:
            known = judged_by, DriftMonitor(model.inspector.card), datetime.now(UTC)
            self._monitors[model.name] = known
        return known[1], known[2]
