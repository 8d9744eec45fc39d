import csv
import io
import json
import xml.etree.ElementTree as ET

import pytest

from flawflow.compare.plan import Variant
from flawflow.compare.record import RunRecord
from flawflow.compare.summary import MEAN, MEASURES, Figure, summarise
from flawflow.compare.tables import to_csv, to_json, to_markdown, write_tables
from flawflow.recipe import Recipe

from .records import make_record

CFLOW = Variant(label="cflow")
WHOLE = Variant(label="whole | picture", recipe=Recipe.of(detector="mahalanobis"))


def record(category: str, seed: int, value: float, *, localises: bool = True) -> RunRecord:
    return make_record(
        category=category, seed=seed, localises=localises, image_auroc_interval=(value - 0.1, value + 0.05),
        **dict.fromkeys(MEASURES, value),
    )  # fmt: skip


FOUND = [
    (CFLOW, record("bottle", 0, 0.8)),
    (CFLOW, record("bottle", 1, 0.9)),
    (CFLOW, record("grid", 0, 0.6)),
    (CFLOW, record("grid", 1, 0.9)),
    (WHOLE, record("bottle", 0, 0.5, localises=False)),
]
ROWS = summarise([CFLOW, WHOLE], ["bottle", "grid"], FOUND)


def test_means_and_deviations():
    assert [(row.category, row.variant.label, row.seeds) for row in ROWS] == [
        (MEAN, "cflow", 2),
        ("bottle", "cflow", 2),
        ("bottle", "whole | picture", 1),
        ("grid", "cflow", 2),
    ]
    mean, bottle, whole, _ = (row.figures["image_auroc"] for row in ROWS)
    # Seeds' own means are 0.7 and 0.9.
    assert (mean.mean, mean.deviation) == pytest.approx((0.8, 0.02**0.5))
    assert (bottle.mean, bottle.deviation) == pytest.approx((0.85, 0.005**0.5))
    assert (mean.interval, whole.interval) == (None, pytest.approx((0.4, 0.55)))
    assert bottle.interval == pytest.approx((0.75, 0.9))
    assert ROWS[1].figures["aupro"].interval is None
    assert (whole.mean, whole.deviation) == (0.5, None)


def test_a_constant_map_is_not_measured_by_places():
    assert ROWS[2].figures["pixel_auroc"] == ROWS[2].figures["aupro"] == Figure(None)


def test_a_seed_counts_for_the_mean_when_all_its_categories_are_there():
    (mean, *_) = summarise([CFLOW], ["bottle", "grid"], FOUND[:3])
    assert (mean.seeds, mean.figures["aupro"].mean) == (1, pytest.approx(0.7))


def test_one_category_has_no_mean():
    assert [row.category for row in summarise([CFLOW], ["bottle"], FOUND[:2])] == ["bottle"]


def test_markdown():
    text = to_markdown(ROWS, [found for _, found in FOUND])
    assert "## Mean of 2 categories" in text
    assert "| cflow | lite0 | 85.00 ± 7.07 (75.0 to 90.0) | 85.00 ± 7.07 | 85.00 ± 7.07 |" in text
    assert r"| whole \| picture | lite0 | 50.00 (40.0 to 55.0) | – | – | – | 0.5 | 0.5 | 0.5 | 0.00 |" in text
    assert "seeds 0, 1" in text
    assert "a machine" in text


def test_csv_and_json_hold_the_same():
    lines = list(csv.DictReader(io.StringIO(to_csv(ROWS))))
    content = json.loads(to_json(ROWS, [found for _, found in FOUND]))
    assert len(content["runs"]) == 5
    assert len(lines) == len(content["rows"]) == 4
    for line, row in zip(lines, content["rows"], strict=True):
        assert (line["category"], line["label"]) == (row["category"], row["label"])
        for name in MEASURES:
            for part, key in (("mean", "mean"), ("std", "deviation")):
                value = line[f"{name}_{part}"]
                assert (float(value) if value else None) == row["figures"][name][key]


def test_all_files_are_written_and_the_plot_has_a_point_for_each_figure(tmp_path):
    rows = summarise([CFLOW, WHOLE], ["bottle"], FOUND[:2] + FOUND[4:])
    write_tables(tmp_path, rows, [found for _, found in FOUND])
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"compare.{kind}" for kind in ("csv", "json", "md", "svg")
    ]
    root = ET.fromstring((tmp_path / "compare.svg").read_text("utf-8"))
    # Of whole pictures there is no measure of places.
    assert len(root.findall(".//{*}circle")) == 4 + 2


def test_a_plot_of_nothing_says_so(tmp_path):
    rows = summarise([WHOLE], ["bottle"], FOUND[4:])
    write_tables(tmp_path, rows, [FOUND[4][1]])
    assert (tmp_path / "compare.svg").read_text("utf-8").count("nothing to show") == 2
