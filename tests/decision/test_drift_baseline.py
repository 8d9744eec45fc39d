import dataclasses

import pytest

from flawflow.decision.drift_baseline import NO_REFERENCE, Reference
from flawflow.images.statistics import PictureStatistics


def picture(number: int) -> tuple[float, PictureStatistics]:
    return float(number), PictureStatistics(*(number + 0.1 * place for place in range(7)))


def test_columns_keep_pictures_together():
    reference = Reference.of([picture(3), picture(1)])
    assert reference.score == (3.0, 1.0)
    assert reference.brightness == (3.0, 1.0)
    assert reference.down == (3.6, 1.6)
    assert len(reference) == 2
    assert len(NO_REFERENCE) == 0
    more = reference.with_more(Reference.of([picture(2)]))
    assert more.score == (3.0, 1.0, 2.0)
    assert NO_REFERENCE.with_more(reference) == reference
    assert NO_REFERENCE.with_more(NO_REFERENCE) == NO_REFERENCE


def test_of_many_a_random_choice_is_kept():
    reference = Reference.of(map(picture, range(3000)))
    assert len(reference) == 1000
    assert len(set(reference.score)) == 1000
    assert 1300 < sum(reference.score) / 1000 < 1700
    assert all(
        score == brightness for score, brightness in zip(*dataclasses.astuple(reference)[:2], strict=True)
    )
    assert reference == Reference.of(map(picture, range(3000)))


def test_impossible_references_are_refused():
    with pytest.raises(ValueError, match="one length"):
        Reference(score=(1.0,))
    columns = dataclasses.astuple(Reference.of([picture(1)]))
    with pytest.raises(ValueError, match="finite"):
        Reference(*columns[:-1], (float("nan"),))
