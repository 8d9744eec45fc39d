import numpy as np
import pytest
from scipy import stats

from flawflow.judge.watch import Watch

from .watch_oracle import Oracle

GOAL = 20


class Draws:
    """A generator whose numbers are known."""

    def __init__(self, *draws: float) -> None:
        self.draws = list(draws)

    def random(self) -> float:
        return self.draws.pop(0)


@pytest.mark.parametrize("goal", [1.01, 1.5, 5, 50, 800])
@pytest.mark.parametrize("levels", [2, 5, 1000])
@pytest.mark.parametrize("shift", [-0.3, 0.0, 0.3])
def test_it_bets_as_its_definition_says(goal: float, levels: int, shift: float):
    """With ties, in both directions, to the very step; and nothing is said twice."""
    rng = np.random.default_rng(levels)
    known = rng.integers(0, levels, 12).astype(float)
    new = np.round(rng.integers(0, levels, 40) + shift * levels).tolist()
    draws = rng.random(40).tolist()
    watch, oracle = Watch(known, goal, Draws(*draws)), Oracle(known.tolist())  # type: ignore[arg-type]
    for step, (value, draw) in enumerate(zip(new, draws, strict=True)):
        expected = oracle.add(value, draw, goal)
        assert watch.add(value) == expected
        if expected is not None:
            assert [watch.add(later) for later in new[step:]] == [None] * len(new[step:])
            break


def test_ranks_fall_where_the_urn_has_them():
    watch = Watch(np.array([2.0, 1.0, 2.0]), GOAL, Draws(0.5, 0.5, 0.0, 0.99, 0.25))  # type: ignore[arg-type]
    # The gaps weigh 1, 1, 1, 1; a value that is equal to two known ones may be in three of them.
    assert watch._rank(0.0) == 0.5 / 4
    assert watch._rank(2.0) == (2 + 0.5 * 3) / 5
    # Which put it into the gap between the two, and so on.
    assert watch._rank(9.0) == 5 / 6
    assert watch._rank(0.5) == 0.99 * 2 / 7
    assert watch._rank(1.5) == (3 + 0.25 * 1) / 8


def test_nothing_known_is_one_gap():
    watch = Watch(np.array([]), GOAL, Draws(0.25, 0.75))  # type: ignore[arg-type]
    assert [watch._rank(3.0), watch._rank(-3.0)] == [0.25, 0.75]


def test_a_rank_of_zero_is_no_infinite_wealth():
    watch = Watch(np.array([1.0]), 1e6, Draws(0.0))  # type: ignore[arg-type]
    assert watch.add(0.0) == 0
    gain = sum(bet * 1e-12 ** (bet - 1) for bet in (0.15, 0.3, 0.5, 0.75))
    staked = (1 - 1 / (1 + np.log(2))) / 8
    assert watch._wealth[0].sum() == pytest.approx(gain * staked)


def alarm(known: np.ndarray, new: np.ndarray, *, goal: float = GOAL, seed: int = 0) -> tuple[int, int] | None:
    """The step, from 1, and the direction of an alarm."""
    watch = Watch(known, goal, np.random.default_rng(seed))
    for step, value in enumerate(new.tolist(), start=1):
        direction = watch.add(value)
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
        watch = Watch(rng.integers(0, levels, 9).astype(float), GOAL, np.random.default_rng(seed))
        ranks.append([watch._rank(float(value)) for value in rng.integers(0, levels, 8)])
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


def test_the_medians_before_and_now():
    watch = Watch(np.array([1.0, 2.0, 9.0]), GOAL, np.random.default_rng(0))
    for value in [*range(100), *([5.0] * 11), *([7.0] * 9)]:
        watch.add(float(value))
    assert (watch.before, watch.now) == (2.0, 5.0)
