import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from flawflow.server.statistics.reviewed import agreement, false_rejects
from flawflow.server.statistics.series import Counts


def test_agreement_is_that_of_scikit_learn():
    reviewed = {
        ("OK", "good"): 40,
        ("OK", "bad"): 3,
        ("NG", "good"): 7,
        ("NG", "bad"): 20,
        ("REVIEW", "bad"): 9,
    }
    found = agreement(reviewed)
    model = ["OK"] * 43 + ["NG"] * 27
    people = ["OK"] * 40 + ["NG"] * 3 + ["OK"] * 7 + ["NG"] * 20
    assert found.count == 70
    assert found.share == pytest.approx(60 / 70)
    assert found.kappa == pytest.approx(cohen_kappa_score(model, people))


def test_where_both_always_say_the_same_there_is_no_kappa():
    assert agreement({("OK", "good"): 5}).kappa is None
    assert agreement({("REVIEW", "good"): 5}) is None


def test_false_rejects_by_strata():
    # Half of the NG that were reviewed are good; of 10 reviewed REVIEW 8 are; no OK was reviewed.
    reviewed = {("NG", "good"): 10, ("NG", "bad"): 10, ("REVIEW", "good"): 8, ("REVIEW", "bad"): 2}
    found = false_rejects(reviewed, Counts(900, 50, 40))
    assert found.rate == pytest.approx(20 / (20 + 900 + 40))
    assert (found.good, found.reviewed, found.total) == (10, 20, 40)
    assert found.low < found.rate < found.high


def test_without_a_reviewed_reject_nothing_is_said():
    assert false_rejects({("OK", "good"): 5}, Counts(900, 0, 40)) is None


def test_none_good_is_a_rate_of_zero_with_an_upper_end():
    found = false_rejects({("NG", "bad"): 20}, Counts(900, 0, 40))
    assert (found.rate, found.low) == (0.0, 0.0)
    assert found.high == pytest.approx(40 * 0.1684 / (40 * 0.1684 + 900), rel=1e-3)


def test_the_interval_covers_what_is_so():
    """Drawn lines whose rate is known: at least 95 % of the intervals hold it."""
    generator, inside = np.random.default_rng(0), 0
    good, bad, rate, caught = 5000, 100, 0.02, 0.9
    for _ in range(300):
        rejected, found = generator.binomial(good, rate), generator.binomial(bad, caught)
        looked = generator.hypergeometric(rejected, found, 60)
        reviewed = {("NG", "good"): looked, ("NG", "bad"): 60 - looked}
        counts = Counts(good + bad - rejected - found, 0, rejected + found)
        answer = false_rejects(reviewed, counts)
        achieved = rejected / good
        inside += answer.low <= achieved <= answer.high
    assert inside >= 285
