"""The limit keeps its rate, however few the scores, and is not raised by what it looks for."""

import numpy as np
import pytest

from flawflow.decision.tail import exponential_tail_limit


@pytest.mark.parametrize("count", [8, 12, 30, 200])
def test_an_exponential_tail_is_exceeded_at_the_stated_rate(count: int, rng: np.random.Generator) -> None:
    trials = 4000
    scores = rng.exponential(size=(trials, count))
    beyond = np.exp(-np.array([exponential_tail_limit(row, 0.02) for row in scores]))
    # The probability that another score exceeds it, on the mean over all that it may be computed from.
    error = beyond.std() / trials**0.5
    assert abs(beyond.mean() - 0.02) < 4 * error + 0.002


def test_a_normal_tail_is_exceeded_less_often(rng: np.random.Generator) -> None:
    limits = [exponential_tail_limit(rng.normal(size=100)) for _ in range(200)]
    assert (rng.normal(size=(200, 500)) > np.array(limits)[:, None]).mean() < 0.004


def test_the_highest_fifth_does_not_raise_it(rng: np.random.Generator) -> None:
    scores = np.sort(rng.exponential(size=100))
    far = scores.copy()
    far[-19:] *= 1e6
    assert exponential_tail_limit(far) == pytest.approx(exponential_tail_limit(scores))


def test_scale_and_place_go_with_the_scores_and_order_does_not_count(rng: np.random.Generator) -> None:
    scores = rng.normal(size=37)
    limit = exponential_tail_limit(scores)
    assert exponential_tail_limit(3 * scores - 7) == pytest.approx(3 * limit - 7)
    assert exponential_tail_limit(rng.permutation(scores)) == limit
    assert exponential_tail_limit(np.full(9, 2.5)) == 2.5


def test_three_scores_have_no_tail() -> None:
    with pytest.raises(ValueError, match="four or more"):
        exponential_tail_limit([1.0, 2.0, 3.0])
