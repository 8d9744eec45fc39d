import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from flawflow.compare.differences import Difference, differences
from flawflow.compare.plan import Run, Variant
from flawflow.compare.runner import Outcome, counts_file
from flawflow.compare.summary import MEAN
from flawflow.compare.tables import to_json, to_markdown
from flawflow.datasets import Dataset, Sample
from flawflow.metrics.counts import counts_of
from flawflow.metrics.resampling import SetCounts
from flawflow.recipe import Recipe

CFLOW = Variant(label="cflow")
PADIM = Variant(label="padim", recipe=Recipe.of(detector="padim"))
WHOLE = Variant(label="whole", recipe=Recipe.of(detector="mahalanobis"))

SAMPLES = (Sample(Path("0.png"), "test", False, "good"),)


def outcome(folder: Path, variant: Variant, category: str, seed: int, strength: float) -> Outcome:
    """A finished run whose detector sees defects that are `strength` deviations of noise high."""
    run = Run(variant, Dataset(category, SAMPLES), seed, f"{variant.label}-{category}-{seed}")
    rng = np.random.default_rng(0)
    pictures = []
    for number in range(30):
        values = rng.normal(10, 1, (16, 16)).astype(np.float32)
        mask = np.zeros((16, 16), bool)
        mask[4:9, 4:9] = number >= 15
        values += np.float32(strength) * mask
        pictures.append(
            counts_of(f"{number}.png", number >= 15, float(values[4:9, 4:9].mean()), values, mask)
        )
    counts_file(run, folder).parent.mkdir(exist_ok=True)
    SetCounts.of(pictures).save(counts_file(run, folder))
    return Outcome(run, {"category": category})


def test_differences_of_categories_and_their_mean(tmp_path: Path):
    outcomes = [
        outcome(tmp_path, variant, category, seed, strength)
        for category in ("bottle", "grid")
        for seed in (0, 1)
        for variant, strength in ((CFLOW, 2.0), (PADIM, 1.0), (WHOLE, 2.0))
    ]
    rows = differences([CFLOW, PADIM, WHOLE], ["bottle", "grid"], outcomes, tmp_path)
    assert [(row.category, row.variant.label) for row in rows] == [
        (category, label) for category in (MEAN, "bottle", "grid") for label in ("padim", "whole")
    ]
    mean, whole, bottle, *_ = (row.measures for row in rows)
    assert bottle["pixel_auroc"].value < -0.1
    assert not bottle["pixel_auroc"].is_tie
    assert mean["pixel_auroc"].value == pytest.approx(bottle["pixel_auroc"].value)
    assert whole["image_auroc"] == Difference(0.0, (0.0, 0.0))
    assert whole["image_auroc"].is_tie
    assert whole["aupro"] is None  # A detector of whole pictures has no map.
    text = to_markdown([], [], rows).partition("## Differences from cflow")[2]
    assert ", tie" not in text.partition("| grid | padim |")[2].partition("|")[2].partition("|")[0]
    assert "| grid | whole | +0.00 (+0.0 to +0.0), tie | – | – |" in text
    kept = json.loads(to_json([], [], rows))["differences"]
    assert (kept[0]["from"], kept[1]["measures"]["aupro"]) == ("cflow", None)


def test_a_run_without_counts_has_no_row(tmp_path: Path):
    ours = outcome(tmp_path, CFLOW, "grid", 0, 1.0)
    theirs = outcome(tmp_path, PADIM, "grid", 0, 1.0)
    elsewhere = replace(theirs, run=replace(theirs.run, seed=1))
    assert len(differences([CFLOW, PADIM], ["grid"], [ours, theirs], tmp_path)) == 1
    assert differences([CFLOW, PADIM], ["grid"], [ours, elsewhere], tmp_path) == []
    counts_file(theirs.run, tmp_path).unlink()
    assert differences([CFLOW, PADIM], ["grid"], [ours, theirs], tmp_path) == []
