import numpy as np
import pytest

from flawflow.decision.martingale import ConformalMartingale

from .martingale_oracle import Oracle

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
    martingale, oracle = ConformalMartingale(known, goal, Draws(*draws)), Oracle(known.tolist())  # type: ignore[arg-type]
    for step, (value, draw) in enumerate(zip(new, draws, strict=True)):
        expected = oracle.add(value, draw, goal)
        assert martingale.add(value) == expected
        if expected is not None:
            assert [martingale.add(later) for later in new[step:]] == [None] * len(new[step:])
            break


def test_ranks_fall_where_the_urn_has_them():
    martingale = ConformalMartingale(np.array([2.0, 1.0, 2.0]), GOAL, Draws(0.5, 0.5, 0.0, 0.99, 0.25))  # type: ignore[arg-type]
    # The gaps weigh 1, 1, 1, 1; a value that is equal to two known ones may be in three of them.
    assert martingale._rank(0.0) == 0.5 / 4
    assert martingale._rank(2.0) == (2 + 0.5 * 3) / 5
    # Which put it into the gap between the two, and so on.
    assert martingale._rank(9.0) == 5 / 6
    assert martingale._rank(0.5) == 0.99 * 2 / 7
    assert martingale._rank(1.5) == (3 + 0.25 * 1) / 8


def test_nothing_known_is_one_gap():
    martingale = ConformalMartingale(np.array([]), GOAL, Draws(0.25, 0.75))  # type: ignore[arg-type]
    assert [martingale._rank(3.0), martingale._rank(-3.0)] == [0.25, 0.75]


def test_a_rank_of_zero_is_no_infinite_wealth():
    martingale = ConformalMartingale(np.array([1.0]), 1e6, Draws(0.0))  # type: ignore[arg-type]
    assert martingale.add(0.0) == 0
    gain = sum(bet * 1e-12 ** (bet - 1) for bet in (0.15, 0.3, 0.5, 0.75))
    staked = (1 - 1 / (1 + np.log(2))) / 8
    assert martingale._wealth[0].sum() == pytest.approx(gain * staked)


def test_the_medians_before_and_now():
    martingale = ConformalMartingale(np.array([1.0, 2.0, 9.0]), GOAL, np.random.default_rng(0))
    for value in [*range(100), *([5.0] * 11), *([7.0] * 9)]:
        martingale.add(float(value))
    assert (martingale.before, martingale.now) == (2.0, 5.0)
