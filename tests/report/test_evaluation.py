from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flawflow.datasets import Dataset, Sample
from flawflow.inspection.evaluate import GOOD_KIND, ModelEvaluation, evaluate
from flawflow.inspection.inspector import Inspector
from flawflow.report.evaluation import render_evaluation

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def evaluation(tmp_path: Path, tiny_model: Path) -> ModelEvaluation:
    """Of even pictures, whose score by `tiny_model` is their brightness."""
    samples = []
    for kind, levels in ((GOOD_KIND, range(10, 90, 10)), ("dent", (60, 130, 200)), (HOSTILE, (255,))):
        for level in levels:
            path = tmp_path / f"{len(samples):02d}.png"
            Image.fromarray(np.full((32, 32, 3), level, np.uint8)).save(path)
            samples.append(Sample(path, "test", kind != GOOD_KIND, kind, None))
    return evaluate(tiny_model, Dataset("lamp", tuple(samples[::-1])))


def test_the_page_tells_verdicts_and_measures_by_kind(
    evaluation: ModelEvaluation, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
):
    card = Inspector.load(tiny_model).card
    # Nothing is inspected again to be drawn.
    monkeypatch.setattr(Inspector, "inspect_with_image", None)
    page = render_evaluation(evaluation, card, model=HOSTILE, dataset=HOSTILE)
    assert "<script" not in page
    assert "://" not in page.replace("http-equiv", "")
    # One dent of 60 is brighter than five of eight good pictures, and as bright as a sixth.
    row = "<td>dent</td><td>3</td><td>2</td><td>0</td><td>1</td><td>89.58</td><td>66.67</td><td>-</td>"
    assert row in page
    assert "<td>good</td><td>8</td><td>0</td><td>0</td><td>8</td><td></td>" in page
    assert (
        "1 %, 0 of 8 good test pictures are NG (0.0 %), and 3 of 4 defective ones (a recall of 75.0 %)"
        in page
    )
    # Clopper and Pearson: 1 - 0.025^(1/8) for 0 of 8.
    assert "it would be 0.0 to 36.9 % and 19.4 to 99.4 %, with 95 % confidence" in page
    assert "SegF1" not in page
    assert "sPRO" not in page
    assert "dent: 3 pictures, 1 of them OK" in page
    assert "good: 8 pictures, 0 of them not OK" in page
    assert "Of 8 good test pictures 0 were NG (0 %), and 0 NG or REVIEW (0 %)." in page
    assert page.count("<figure") == 6 + 3 + 1
    assert "linear-gradient" in page
