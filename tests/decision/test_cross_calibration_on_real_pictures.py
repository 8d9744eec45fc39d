"""Cross-fitting on pictures of real parts: the guarantee holds, and the share that is seen is as expected.

Each split draws few good pictures, cross-fits a small detector on them, and judges all the other good ones.
The detector overfits (a mean and a spread of each pixel from some dozen pictures), so that a score of a
picture that was learned from would be far too low.
"""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from flawflow.decision.calibration import Calibration
from flawflow.images import find_images, read_image, resize_image

pytestmark = pytest.mark.slow

SPLITS = 400
PARTS = 4
TAIL = 8


@pytest.fixture(scope="module", params=["bottle", "grid"])
def pictures(request: pytest.FixtureRequest, shared_data: Path) -> NDArray[np.float32]:
    """All good pictures of a part as rows of grey pixels."""
    root = shared_data / "mvtec" / request.param
    paths = find_images([root / "train" / "good", root / "test" / "good"])
    small = np.stack([resize_image(read_image(path), (24, 24)) for path in paths])
    return small.mean(axis=3, dtype=np.float32).reshape(len(paths), -1)


def measured(learned: NDArray[np.float32], new: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scores of new pictures by a detector that learned from others: their eight most deviating pixels."""
    distance = np.abs(new - learned.mean(axis=0)) / (learned.std(axis=0) + 1)
    return np.partition(distance, -TAIL, axis=1)[:, -TAIL:].mean(axis=1)


def judged(
    pictures: NDArray[np.float32], n: int, rng: np.random.Generator
) -> tuple[Calibration, NDArray[np.float32]]:
    """A cross-fitted calibration of n random pictures, and the scores of all others by its model."""
    order = rng.permutation(len(pictures))
    parts = order[:n].reshape(PARTS, -1)
    learned = [np.delete(parts, part, axis=0).ravel() for part in range(PARTS)]
    own = measured(pictures[learned[0]], pictures[np.r_[parts[0], order[n:]]])
    others = [measured(pictures[learned[k]], pictures[parts[k]]) for k in range(1, PARTS)]
    size = n // PARTS
    scores, new = own[:size], own[size:]
    sisters = np.concatenate(others)
    calibration = Calibration.measured(scores, scores, out_of_fold=sisters, out_of_fold_maxima=sisters)
    return calibration, new


@pytest.mark.parametrize("n", [20, 60, 100])
def test_the_guarantee_holds_and_what_is_expected_is_seen(pictures: NDArray[np.float32], n: int):
    rng = np.random.default_rng(n)
    draws = [judged(pictures, n, rng) for _ in range(SPLITS)]
    threshold = draws[0][0].threshold()
    counts = np.array([np.count_nonzero(new > c.threshold().score) for c, new in draws])
    fresh, size = len(pictures) - n, n // PARTS
    # What is guaranteed: no more than the law of `size` pictures that were kept out allows, on average and
    # split by split.
    law = stats.betabinom(fresh, 1, size)
    assert threshold.guaranteed_rate == 1 / (size + 1)
    assert counts.mean() <= fresh * threshold.guaranteed_rate + 4 * law.std() / np.sqrt(SPLITS)
    edge = law.ppf(0.99)
    assert np.count_nonzero(counts > edge) <= stats.binom(SPLITS, law.sf(edge)).ppf(0.9999)
    # What is seen: the rate that all n scores let expect, a quarter of it.
    wide = stats.betabinom(fresh, 1, n)
    seen = counts.mean() / fresh
    assert threshold.expected_rate == 1 / (n + 1)
    assert seen <= threshold.expected_rate * 1.25 + 4 * wide.std() / fresh / np.sqrt(SPLITS)
    assert seen >= threshold.expected_rate / 2


@pytest.mark.parametrize("n", [20, 60])
def test_p_values_are_as_rare_as_they_say(pictures: NDArray[np.float32], n: int):
    rng = np.random.default_rng(n + 1)
    shares = []
    for _ in range(SPLITS):
        calibration, new = judged(pictures, n, rng)
        p_values = np.array([calibration.p_value(score) for score in new.tolist()])
        shares.append([np.mean(p_values <= rate) for rate in (0.05, 0.2, 0.5)])
    for rate, seen in zip((0.05, 0.2, 0.5), np.mean(shares, axis=0), strict=True):
        # Proven: n + 1 possible values, of which the m of the model's own part allow so many.
        assert seen <= np.floor(rate * (n + 1)) / (n // PARTS + 1)
        assert abs(seen - rate) <= 0.25 * rate + 0.01
