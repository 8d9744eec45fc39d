"""What is said of many random streams; the rules themselves are in test_watch.py."""

import numpy as np
import pytest
from scipy import stats

from flawflow.decision.martingale import ConformalMartingale

GOAL = 20


def alarm(known: np.ndarray, new: np.ndarray, *, goal: float = GOAL, seed: int = 0) -> tuple[int, int] | None:
    """The step, from 1, and the direction of an alarm."""
    martingale = ConformalMartingale(known, goal, np.random.default_rng(seed))
    for step, value in enumerate(new.tolist(), start=1):
        direction = martingale.add(value)
        if direction is not None:
            return step, direction
    return None


@pytest.mark.parametrize("n", [0, 1, 8, 60])
def test_over_any_time_a_false_alarm_is_as_rare_as_promised(n: int, rng: np.random.Generator):
    runs = 600
    alarms = sum(
        alarm(rng.gumbel(size=n), rng.gumbel(size=150), seed=seed) is not None for seed in range(runs)
    )
    assert alarms <= stats.binom(runs, 1 / GOAL).ppf(0.9999)
    # And the bound is not wasted: some do come where there is something to compare.
    assert n == 0 or alarms > 0


@pytest.mark.parametrize("levels", [1, 3, 1000])
def test_ranks_are_uniform_and_independent_of_the_past(levels: int, rng: np.random.Generator):
    """With ties, too: then chance decides."""
    ranks = []
    for seed in range(300):
        martingale = ConformalMartingale(
            rng.integers(0, levels, 9).astype(float), GOAL, np.random.default_rng(seed)
        )
        ranks.append([martingale._rank(float(value)) for value in rng.integers(0, levels, 8)])
    for step in range(8):
        assert stats.kstest([row[step] for row in ranks], "uniform").pvalue > 1e-4
    correlation = np.corrcoef(np.array(ranks).T)
    assert np.abs(correlation - np.eye(8)).max() < 0.25


@pytest.mark.parametrize("n", [20, 60, 200])
@pytest.mark.parametrize("direction", [0, 1])
def test_a_change_is_found_at_once(n: int, direction: int, rng: np.random.Generator):
    new = rng.normal(size=100) + (6 if direction else -6)
    found = alarm(rng.normal(size=n), new, goal=800)
    assert found is not None
    assert found[0] <= 25
    assert found[1] == direction


def test_a_change_after_long_calm_is_found(rng: np.random.Generator):
    new = np.concatenate([rng.normal(size=3000), rng.normal(size=60) + 6])
    found = alarm(rng.normal(size=60), new, goal=800)
    assert found is not None
    assert 3000 < found[0] <= 3040
