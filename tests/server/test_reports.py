import csv
import dataclasses
import logging
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flawflow.errors import FlawflowError
from flawflow.server.db import Store
from flawflow.server.image_store import ImageStore
from flawflow.server.reports import Reports
from flawflow.server.settings import Settings

from .db.test_statistics import row

NOW = datetime(2026, 1, 9, 12).astimezone()
REGION = {"box": [0, 0, 2, 2], "area": 4, "peak": 0.9, "centroid": [0.4, 0.6]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "reports"


@pytest.fixture
def store(tmp_path: Path):
    store = Store(f"sqlite:///{tmp_path / 'a.db'}")
    yield store
    store.close()


@pytest.fixture
def reports(settings: Settings, folder: Path, store: Store, tmp_path: Path) -> Reports:
    return Reports(dataclasses.replace(settings, reports=folder, report_days=30), store, ImageStore(tmp_path))


def inspected(store: Store, *times: datetime) -> None:
    rows = [row(0, "NG") for _ in times]
    for each, time in zip(rows, times, strict=True):
        each.time, each.regions = time.astimezone(UTC), [REGION]
    store.add([(each, b"") for each in rows])


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_missed_shifts_are_reported_and_each_later_one_once(reports, store, folder, caplog):
    caplog.set_level(logging.WARNING)
    inspected(store, NOW - timedelta(days=2), NOW - timedelta(days=40), NOW)
    reports.write_due(NOW)
    assert names(folder) == ["shift-2026-01-07-0600.csv", "shift-2026-01-07-0600.html"]
    assert [record.message for record in caplog.records] == [
        f"the shift of 2026-01-07 06:00 is reported in {folder / 'shift-2026-01-07-0600.html'}"
    ]
    reports.write_due(NOW + timedelta(hours=1))
    assert len(names(folder)) == 2
    reports.write_due(NOW + timedelta(hours=2, minutes=1))
    assert names(folder)[-1] == "shift-2026-01-09-0600.html"
    assert len(caplog.records) == 2


def test_a_report_is_whole_and_says_what_the_shift_brought(reports, store, folder):
    inspected(store, NOW - timedelta(days=1), NOW - timedelta(days=1, hours=1))
    reports.write_due(NOW)
    page = (folder / "shift-2026-01-08-0600.html").read_text("utf-8")
    assert "<style>" in page
    assert "Where regions lie: part" in page
    assert "/static/" not in page
    with (folder / "shift-2026-01-08-0600.csv").open(newline="", encoding="utf-8") as file:
        assert [int(each["ng"]) for each in csv.DictReader(file)] == [1, 1]


def test_after_a_restart_it_goes_on_behind_the_newest(settings, reports, store, folder, tmp_path):
    inspected(store, NOW - timedelta(days=3), NOW - timedelta(days=2))
    reports.write_due(NOW - timedelta(days=2, hours=-3))
    (folder / "shift-2026-01-06-0600.html").unlink()
    inspected(store, NOW - timedelta(days=1))
    again = Reports(dataclasses.replace(settings, reports=folder), store, ImageStore(tmp_path))
    again.write_due(NOW)
    # What a person removed stays away.
    assert [name[6:16] for name in names(folder) if name.endswith("html")] == ["2026-01-07", "2026-01-08"]


def test_old_reports_go_and_other_files_stay(reports, store, folder):
    folder.mkdir()
    for name in (
        "shift-2025-12-01-0600.html",
        "shift-2025-12-01-0600.csv",
        "shift-2025-12-20-0600.html",
        "notes.html",
    ):
        (folder / name).write_text("x")
    reports.write_due(NOW)
    assert names(folder) == ["notes.html", "shift-2025-12-20-0600.html"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes anywhere")
def test_a_folder_that_cannot_be_written_is_said_once_and_tried_again(reports, store, folder, caplog):
    folder.mkdir()
    folder.chmod(0o500)
    inspected(store, NOW - timedelta(days=1))
    reports.write_due(NOW)
    reports.write_due(NOW)
    assert len([each for each in caplog.records if "cannot be written" in each.message]) == 1
    folder.chmod(0o700)
    reports.write_due(NOW)
    assert len(names(folder)) == 2


def test_a_file_where_the_folder_should_be_is_said_once(reports, store, folder, caplog):
    folder.write_text("")
    reports.write_due(NOW)
    reports.write_due(NOW)
    assert len([each for each in caplog.records if "reports cannot be written" in each.message]) == 1


def test_replicas_leave_it_to_a_station_alone(settings, folder):
    with pytest.raises(FlawflowError, match="--reports"):
        dataclasses.replace(
            settings, replica=True, database="postgresql+pg8000://x/y", keep_pictures="none", reports=folder
        )
