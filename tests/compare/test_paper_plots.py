import xml.etree.ElementTree as ET

import numpy as np
from sklearn.metrics import roc_curve

from flawflow.compare.paper_plots import ranks_svg, roc_of, roc_svg
from flawflow.compare.ranks import ranking


def test_the_curve_is_that_of_scikit_learn_with_ties():
    rng = np.random.default_rng(0)
    truth, scores = rng.random(60) < 0.4, rng.integers(0, 9, 60).astype(float)
    alarms, hits = roc_of(truth, scores)
    expected = roc_curve(truth, scores, drop_intermediate=False)
    np.testing.assert_allclose((alarms, hits), expected[:2])


def test_a_line_is_drawn_for_each_detector():
    curve = roc_of(np.array([False, True]), np.array([0.0, 1.0]))
    root = ET.fromstring(roc_svg("a < b", {"one & two": curve, "three": curve}))
    assert len(root.findall("polyline")) == 2
    assert {"a < b", "one & two", "three"} <= {text.text for text in root.findall("text")}


def test_ranks_and_ties_are_drawn():
    found = ranking({"a": [0.9, 0.8, 0.9], "b": [0.5, 0.6, 0.5], "c": [0.1, 0.2, 0.1]})
    assert found is not None
    root = ET.fromstring(ranks_svg(found))
    assert len(root.findall("line[@class='tie']")) == len(found.ties()) == 2
    assert "a (1.00)" in {text.text for text in root.findall("text")}
