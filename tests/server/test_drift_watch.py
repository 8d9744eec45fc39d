from dataclasses import replace

import numpy as np
import pytest

from flawflow.decision.calibration import Calibration
from flawflow.decision.drift_baseline import DriftBaseline
from flawflow.server.drift_watch import DriftWatch
from flawflow.server.models import Model


@pytest.fixture
def model(station) -> Model:
    """The station's model, with calibration pictures to compare with."""
    found = station.registry.get()
    generator = np.random.default_rng(0)
    count = 60
    columns = {
        name: tuple(generator.normal(10, 1, count).tolist()) for name in DriftBaseline.__dataclass_fields__
    }
    columns["score"] = tuple(generator.uniform(0, 0.4, count).tolist())
    card = replace(found.inspector.card, drift=DriftBaseline(**columns))
    inspector = found.inspector
    inspector.__dict__["card"] = card
    return found


class Seen:
    """An inspection whose picture has these statistics."""

    path, verdict, score = None, "OK", 0.2

    def __init__(self, level: float) -> None:
        names = [name for name in DriftBaseline.__dataclass_fields__ if name != "score"]
        self.statistics = type("Statistics", (), {})()
        self.statistics.__dict__.update(dict.fromkeys(names, level))


def test_a_change_is_found_for_the_model_that_has_it(model):
    watch = DriftWatch()
    before = watch.of(model)
    assert (before.drift.compared, before.drift.reference, before.drift.findings) == (0, 60, ())
    for _ in range(80):
        watch.add(model, Seen(20.0))
    after = watch.of(model)
    assert after.since == before.since
    assert after.drift.compared == 80
    assert "brighter" in {finding.words for finding in after.drift.findings}


@pytest.mark.parametrize("what", ["file", "rates"])
def test_another_judge_begins_again(model, what):
    watch = DriftWatch()
    watch.add(model, Seen(20.0))
    if what == "file":
        other = replace(model, sha256="another")
    else:
        calibration: Calibration = model.calibration.with_rates(false_reject_rate=0.01, review_rate=0.2)
        other = replace(model, inspector=model.inspector.with_calibration(calibration))
    assert watch.of(other).drift.compared == 0
    watch.add(other, Seen(20.0))
    assert watch.of(other).drift.compared == 1


def test_by_http(client, inspect, make_png):
    inspect(make_png(20))
    told = client.get("/api/models/tiny/drift").json()
    assert (told["findings"], told["hint"], told["false_alarm_rate"]) == ([], None, 0.01)
    assert client.get("/api/models/other/drift").status_code == 404
