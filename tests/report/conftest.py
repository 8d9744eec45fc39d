"""What the tests of reports share: a card and inspections that no model made."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from flawflow.card import Card, EncoderCard, TrainingCard
from flawflow.inspect.inspection import Inspection, Timings
from flawflow.judge.calibration import Calibration
from flawflow.judge.regions import find_regions

MakeInspection = Callable[..., Inspection]


@pytest.fixture
def card() -> Card:
    return Card(
        flawflow_version="0.1.0",
        created="2026-01-02T03:04:05+00:00",
        detector="cflow",
        preset="balanced",
        size=(64, 64),
        encoder=EncoderCard("lite0", (8, 16, 32), "a package", "", "Apache-2.0"),
        training=TrainingCard("gears", 40, 0, 61.5),
        calibration=Calibration(tuple(0.1 * i for i in range(1, 100)), pixel_threshold=0.5),
        heat_scale=(0.2, 1.0),
    )


@pytest.fixture
def make_inspection(card: Card) -> MakeInspection:
    def make(
        path: Path | None = None, *, anomaly_map: np.ndarray | None = None, score: float | None = None
    ) -> Inspection:
        values = np.zeros((32, 48), np.float32) if anomaly_map is None else anomaly_map.astype(np.float32)
        score = float(values.max()) if score is None else score
        return Inspection(
            path=path,
            score=score,
            p_value=card.calibration.p_value(score),
            verdict=card.calibration.verdict(score),
            size=(values.shape[0], values.shape[1]),
            graph_map=values,
            regions=find_regions(values, card.calibration.pixel_threshold),
            timings=Timings(0.001, 0.002, 0.003, 0.004),
        )

    return make
