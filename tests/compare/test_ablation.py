import pytest

from flawflow.compare.ablation import ablation
from flawflow.compare.runner import preset_of
from flawflow.errors import TrainingError
from flawflow.learn.preset import PRESETS, with_detector


def test_every_row_changes_one_thing_and_can_be_made():
    encoders = [("lite0", None), ("resnet18", "hub")]
    rows = ablation(preset="balanced", size=(256, 256), encoders=encoders)
    assert rows[0].changes == {}
    assert len({row.label for row in rows}) == len(rows)
    assert len({str(row.decisive()) for row in rows}) == len(rows)
    for row in rows:
        made = with_detector(preset_of(row), row.detector).detector()
        for name, value in row.changes.get("flow", {}).items():
            assert getattr(made.options, name) == value
        for name, value in row.changes.get("aggregation", {}).items():
            assert getattr(made.aggregation, name) == value
        assert preset_of(row).strides == tuple(row.changes.get("strides", PRESETS["balanced"].strides))
    assert rows[-1].encoder == "resnet18"
    assert rows[-2].size == (128, 128)


def test_what_the_preset_does_anyway_has_no_row():
    for preset in ("balanced", "accurate"):
        base = PRESETS[preset].detector().options
        labels = {row.label for row in ablation(preset=preset, size=(256, 256), encoders=[("lite0", None)])}
        assert f"{base.blocks} blocks" not in labels
        assert "halves swapped" not in labels
        assert {"hard permutation", "UFLOW: no position at all"} <= labels


def test_the_paper_cannot_be_varied():
    with pytest.raises(TrainingError, match="paper"):
        ablation(preset="paper", size=(256, 256), encoders=[("lite0", None)])
