import dataclasses

import numpy as np
import pytest

from flawflow.decision.light import CELLS, QUANTILES, Adaptation, LightReference


@pytest.fixture
def reference(rng: np.random.Generator) -> LightReference:
    cells, levels = rng.uniform(0, 255, (CELLS, CELLS, 3)), rng.uniform(0, 255, (len(QUANTILES), 3))
    return LightReference.of(7, cells, levels)


def test_levels_are_kept_to_an_eighth(rng: np.random.Generator):
    cells, levels = rng.uniform(0, 255, (CELLS, CELLS, 3)), rng.uniform(0, 255, (len(QUANTILES), 3))
    kept = LightReference.of(7, cells, levels)
    assert np.abs(kept.cells() - cells).max() <= 0.0625
    assert np.abs(kept.levels() - levels).max() <= 0.0625


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"picture_count": 0}, "picture_count must be positive"),
        ({"cell_means": "%"}, "cell_means must be base64"),
        ({"cell_means": ""}, "cell_means must be 3072 numbers"),
        ({"quantiles": "AAA="}, "quantiles must be 300 numbers"),
        ({"quantiles": "AHw" + "A" * 797}, "quantiles must be 300 numbers from 0 to 255"),
    ],
)
def test_what_is_no_reference_is_refused(reference: LightReference, change: dict[str, object], said: str):
    with pytest.raises(ValueError, match=said):
        dataclasses.replace(reference, **change)


@pytest.mark.parametrize("change", [{"model_sha256": "0" * 63}, {"fitted_by": 0}, {"calibrated_by": 0}])
def test_what_is_no_adaptation_is_refused(change: dict[str, object]):
    adaptation = Adaptation("0" * 64, fitted_by=8, calibrated_by=8)
    with pytest.raises(ValueError, match=r"must be|takes pictures"):
        dataclasses.replace(adaptation, **change)
