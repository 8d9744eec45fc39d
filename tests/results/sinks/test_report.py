import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from flawflow.inspection.inspection import Failure, Inspection
from flawflow.model_file.card import Card
from flawflow.results.record import record_of
from flawflow.results.sinks.contract import Result
from flawflow.results.sinks.report import Report

MakeInspection = Callable[..., Inspection]


def fill(report: Report, make_inspection: MakeInspection) -> None:
    picture = np.zeros((32, 48, 3), np.uint8)
    for index, score in enumerate((3.0, 1.0, 7.0)):
        inspection = make_inspection(Path(f"{index}.png"), score=score)
        prepared = report.prepare(Result(record_of(inspection), inspection=inspection), picture)
        assert (prepared.exhibit is None) == (report.page is None)
        report.deliver([prepared])
    report.deliver([Result(record_of(Failure(Path("x.png"), "x.png is cut short")))])
    report.finish()


def test_the_report_counts_and_writes_its_page_at_the_end(
    tmp_path: Path, card: Card, make_inspection: MakeInspection
):
    report = Report(tmp_path, model="gear.flaw", card=card)
    assert list(tmp_path.iterdir()) == []
    fill(report, make_inspection)
    assert report.page == tmp_path / "report.html"
    page = report.page.read_text("utf-8")
    assert "x.png is cut short" in page
    assert page.count("<figure") == 3
    drift = json.loads((tmp_path / "drift.json").read_text("utf-8"))
    assert drift == {
        "findings": [], "hint": None, "compared": 0, "reference": 0, "false_alarm_rate": 0.01,
    }  # fmt: skip
    assert (report.summary.inspected, report.summary.unreadable) == (3, 1)
    assert [record.path for record in report.summary.worst] == ["2.png", "0.png", "1.png"]


def test_without_a_page_it_only_counts(tmp_path: Path, card: Card, make_inspection: MakeInspection):
    report = Report(tmp_path, model="gear.flaw", card=card, page=False)
    fill(report, make_inspection)
    assert list(tmp_path.iterdir()) == []
    assert (report.summary.inspected, report.summary.unreadable) == (3, 1)
