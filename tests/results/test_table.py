import csv
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from flawflow.inspection.inspection import Failure, Inspection
from flawflow.results.record import Record, record_of
from flawflow.results.table import COLUMNS, cells_of, csv_line, csv_row

MakeInspection = Callable[..., Inspection]


def table(*records: Record) -> list[dict[str, str]]:
    content = csv_line(COLUMNS) + b"".join(csv_row(cells_of(record)) for record in records)
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def test_the_row_holds_the_largest_box_and_not_the_hottest(make_inspection: MakeInspection):
    values = np.zeros((32, 48))
    values[2:4, 3:5] = 9.0
    values[10:20, 20:40] = 2.0
    found, failed = table(
        record_of(make_inspection(Path("a.png"), anomaly_map=values)),
        record_of(Failure(Path("b.png"), "no picture")),
    )
    assert [int(found[f"largest_{side}"]) for side in ("left", "top", "right", "bottom")] == [20, 10, 40, 20]
    assert found["region_count"] == "2"
    assert found["judge_ms"] == "4.0"
    assert tuple(found) == COLUMNS
    assert failed["error"] == "no picture"
    assert failed["score"] == failed["region_count"] == failed["judge_ms"] == ""


@pytest.mark.parametrize("name", ["=1+1.png", "+a.png", "-a.png", "@a.png", "plain.png"])
def test_a_path_cannot_be_a_formula_and_stays_a_path(name: str):
    (row,) = table(Record(path=name, overlay=f"overlays/{name}", duplicate_of=name))
    for column in ("path", "duplicate_of"):
        assert row[column][0] not in "=+-@\t\r"
        assert Path(row[column]) == Path(name)
    assert row["overlay"] == f"overlays/{name}"


@pytest.mark.parametrize("text", ["=cmd()", "\tx", "-1"])
def test_other_text_is_marked_as_text(text: str):
    (row,) = table(Record(error=text, source=text, model=text))
    assert row["error"] == row["source"] == row["model"] == f"'{text}"


def test_a_line_end_in_a_name_ends_no_row():
    record = replace(Record(path="a\nb\r.png"), error="two\nlines")
    assert csv_row(cells_of(record)).count(b"\n") == 1
    (row,) = table(record)
    assert (row["path"], row["error"]) == ("a\\nb\\r.png", "two\\nlines")
