from collections.abc import Mapping

import numpy as np
import pytest
from PIL import Image

from flawflow.training.toy.figure import DEFECT, GOOD
from flawflow.training.toy.outliers import KINDS, Points, draw_judges, draw_outliers, found, judge


@pytest.fixture(scope="module")
def points() -> Points:
    return draw_outliers()


@pytest.fixture(scope="module")
def scores(points: Points) -> Mapping[str, np.ndarray]:
    return judge(points, steps=60)


def test_each_method_sees_what_its_idea_sees(points: Points, scores: Mapping[str, np.ndarray]) -> None:
    seen = {name.partition(" ")[0]: found(points, own) for name, own in scores.items()}
    assert all(kinds["global"] == KINDS["global"] for kinds in seen.values())
    # Five neighbours are inside the micro-cluster; one Gaussian is too wide for the dense cluster.
    assert (seen["kNN"]["local"], seen["kNN"]["micro-cluster"]) == (0, 0)
    assert (seen["LOF"]["local"], seen["LOF"]["micro-cluster"]) == (1, 6)
    assert (seen["Gaussian"]["local"], seen["Gaussian"]["micro-cluster"]) == (0, 6)


def test_every_judge_has_a_panel(points: Points, scores: Mapping[str, np.ndarray]) -> None:
    figure: Image.Image = draw_judges(points, scores)
    for quarter in np.array_split(np.array(figure), 4, axis=1):
        assert (quarter == DEFECT).all(axis=2).any()
        assert (quarter == GOOD).all(axis=2).any()
