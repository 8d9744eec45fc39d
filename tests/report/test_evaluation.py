from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flawflow.inspect.inspector import Inspector
from flawflow.metrics import Scored, evaluate_maps
from flawflow.report.evaluation import GOOD, Judged, nearest_to_wrong, render_evaluation

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def judged(tmp_path: Path, tiny_model: Path) -> list[Judged]:
    """Even pictures, whose score by `tiny_model` is their brightness."""
    inspector = Inspector.load(tiny_model)
    found = []
    for kind, levels in ((GOOD, range(10, 90, 10)), ("dent", (60, 130, 200)), (HOSTILE, (255,))):
        for level in levels:
            path = tmp_path / f"{len(found):02d}.png"
            Image.fromarray(np.full((32, 32, 3), level, np.uint8)).save(path)
            inspection = inspector.inspect(path)
            found.append(Judged(path, kind, inspection.score, inspection.verdict))
    return found


def test_of_each_kind_the_pictures_nearest_to_a_wrong_verdict(judged: list[Judged], tiny_model: Path):
    shown = nearest_to_wrong(judged[::-1], Inspector.load(tiny_model))
    assert list(shown) == [GOOD, HOSTILE, "dent"]
    assert [round(255 * exhibit.score) for exhibit in shown[GOOD]] == [80, 70, 60, 50, 40, 30]
    assert [round(255 * exhibit.score) for exhibit in shown["dent"]] == [60, 130, 200]


def test_the_page_tells_verdicts_and_measures_by_kind(judged: list[Judged], tiny_model: Path):
    inspector = Inspector.load(tiny_model)
    evaluation = evaluate_maps(Scored(one.kind != GOOD, one.kind, one.score) for one in judged)
    shown = nearest_to_wrong(judged, inspector)
    page = render_evaluation(evaluation, judged, shown, inspector.card, model=HOSTILE, dataset=HOSTILE)
    assert "<script" not in page
    assert "://" not in page.replace("http-equiv", "")
    # One dent of 60 is brighter than five of eight good pictures, and as bright as a sixth.
    row = "<td>dent</td><td>3</td><td>2</td><td>0</td><td>1</td><td>89.58</td><td>-</td><td>-</td>"
    assert row in page
    assert "<td>good</td><td>8</td><td>0</td><td>0</td><td>8</td><td></td>" in page
    assert "dent: 3 pictures, 1 of them OK" in page
    assert "good: 8 pictures, 0 of them not OK" in page
    assert "Of 8 good test pictures 0 were NG (0 %), and 0 NG or REVIEW (0 %)." in page
    assert page.count("<figure") == 6 + 3 + 1
    assert "linear-gradient" in page
