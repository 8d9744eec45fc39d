import dataclasses

import pytest

from flawflow.decision.drift_baseline import NO_BASELINE, DriftBaseline
from flawflow.images.statistics import ImageStatistics


def picture(number: int) -> tuple[float, ImageStatistics]:
    return float(number), ImageStatistics(*(number + 0.1 * place for place in range(7)))


def test_columns_keep_pictures_together():
    reference = DriftBaseline.of([picture(3), picture(1)])
    assert reference.score == (3.0, 1.0)
    assert reference.brightness == (3.0, 1.0)
    assert reference.down == (3.6, 1.6)
    assert len(reference) == 2
    assert len(NO_BASELINE) == 0
    more = reference.with_more(DriftBaseline.of([picture(2)]))
    assert more.score == (3.0, 1.0, 2.0)
    assert NO_BASELINE.with_more(reference) == reference
    assert NO_BASELINE.with_more(NO_BASELINE) == NO_BASELINE


def test_of_many_a_random_choice_is_kept():
    reference = DriftBaseline.of(map(picture, range(3000)))
    assert len(reference) == 1000
    assert len(set(reference.score)) == 1000
    assert 1300 < sum(reference.score) / 1000 < 1700
    assert all(
        score == brightness for score, brightness in zip(*dataclasses.astuple(reference)[:2], strict=True)
    )
    assert reference == DriftBaseline.of(map(picture, range(3000)))


def test_impossible_references_are_refused():
    with pytest.raises(ValueError, match="one length"):
        DriftBaseline(score=(1.0,))
    columns = dataclasses.astuple(DriftBaseline.of([picture(1)]))
    with pytest.raises(ValueError, match="finite"):
        DriftBaseline(*columns[:-1], (float("nan"),))
