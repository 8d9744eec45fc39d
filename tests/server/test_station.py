import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from flawflow.errors import FlawflowError
from flawflow.server import station as station_module
from flawflow.server.db import Filters, InspectionRow
from flawflow.server.errors import BusyError, NotFoundError
from flawflow.server.inspection_service import Given
from flawflow.server.models import Registry
from flawflow.server.station import Station


def age(station: Station, days: int) -> None:
    with station.store.writing.begin() as session:
        for row in session.query(InspectionRow):
            row.time = datetime.now(UTC) - timedelta(days=days)


def inspect(station, content, count=1):
    return station.inspection_service.inspect(
        station.registry.get(), [Given("a", content)] * count, source="upload"
    )


def test_old_pictures_go_and_records_and_labelled_pictures_stay(station, make_png):
    labelled, plain = inspect(station, make_png(), count=2)
    station.store.set_label(labelled.id, "good")
    age(station, 91)
    (fresh,) = inspect(station, make_png())
    station.sweep()
    # Two workers record in any order.
    kept = {row.id: row.has_picture for row in station.store.find(Filters())}
    assert kept == {labelled.id: True, plain.id: False, fresh.id: True}
    assert station.picture_path(station.store.get(labelled.id)).is_file()
    assert station.picture_path(station.store.get(fresh.id)).is_file()
    assert not station.image_store._picture(plain.key).exists()
    with pytest.raises(NotFoundError):
        station.store.get_map(plain.id)
    assert station.store.get_map(labelled.id)


def test_a_picture_that_a_crash_left_without_a_record_is_set_aside_at_the_next_start(
    settings, make_png, caplog
):
    station = Station.open(settings)
    (row,) = inspect(station, make_png())
    station.image_store.keep_picture("ab" * 16, b"bytes")
    station.close()
    station = Station.open(settings)
    station.close()
    assert [path.name for path in settings.data.glob("pictures/*/*")] == [row.key]
    assert (settings.data / "orphans" / "ab" / ("ab" * 16)).read_bytes() == b"bytes"
    assert f"moved to {settings.data / 'orphans'} (1)" in caplog.text


def test_for_ever_is_for_ever(make_client, settings, make_png):
    station = make_client(dataclasses.replace(settings, keep_days=None)).app.state.station
    (row,) = inspect(station, make_png())
    age(station, 9999)
    station.sweep()
    assert station.store.get(row.id).has_picture


def test_a_restart_finds_everything(settings, make_png):
    first = Station.open(settings)
    (row,) = inspect(first, make_png(spot=True))
    first.store.set_label(row.id, "bad")
    first.close()
    first.close()
    second = Station.open(settings)
    try:
        found = second.store.get(row.id)
        assert (found.verdict, found.label) == ("NG", "bad")
        assert second.picture_path(found).read_bytes() == make_png(spot=True)
    finally:
        second.close()


def test_one_station_a_folder(station, settings):
    with pytest.raises(FlawflowError, match="another station"):
        Station.open(settings)


def test_a_start_that_fails_lets_the_folder_go(settings, tmp_path):
    for _ in range(2):
        with pytest.raises(FlawflowError, match="does not exist"):
            Station.open(dataclasses.replace(settings, models=(tmp_path / "gone.flaw",)))


def test_a_station_that_stops_is_not_ready(station):
    station.check()
    station.close()
    with pytest.raises(BusyError, match="stops"):
        station.check()


def test_a_station_sweeps_by_itself(settings, make_png, wait):
    first = Station.open(settings)
    (row,) = inspect(first, make_png())
    age(first, 91)
    first.close()
    second = Station.open(settings)
    try:
        wait(lambda: not second.store.get(row.id).has_picture)
    finally:
        second.close()


def test_what_fails_once_is_done_again(settings, monkeypatch, caplog, wait):
    turns = []

    def refresh(_registry):
        turns.append(len(turns))
        if len(turns) == 1:
            raise OSError("the disk is away")

    monkeypatch.setattr(station_module, "_REFRESH_SECONDS", 0.01)
    monkeypatch.setattr(Registry, "refresh", refresh)
    station = Station.open(settings)
    try:
        wait(lambda: len(turns) > 2)
    finally:
        station.close()
    assert "refresh failed" in caplog.text
    assert "the disk is away" in caplog.text
