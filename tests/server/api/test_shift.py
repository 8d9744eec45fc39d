from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import update
from starlette.testclient import TestClient

from flawflow.server.db import QuarterRow
from flawflow.server.db.statistics import quarter_of
from flawflow.server.settings import Settings
from flawflow.server.station import Station


def test_counts_and_the_newest_inspection_of_each_model_and_source(
    client: TestClient, settings: Settings, inspect: Callable[..., dict], make_png: Callable[..., bytes]
):
    (settings.allow[0] / "b.png").write_bytes(make_png(30))
    assert client.get("/api/shift").json()["feeds"] == []
    for spot in (False, True, False):
        last = inspect(make_png(spot=spot))
    path = client.post("/api/inspect", json={"paths": ["b.png"]}).json()["inspections"][0]
    shift = client.get("/api/shift").json()
    by_path, by_upload = shift["feeds"]
    assert (by_path["source"], by_path["newest"]["id"]) == (path["source"], path["id"])
    assert by_upload["source"] == "upload"
    assert by_upload["counts"] == {"OK": 2, "REVIEW": 0, "NG": 1}
    assert by_upload["newest"] == client.get(f"/api/inspections/{last['id']}").json()
    times = [datetime.fromisoformat(time) for time in by_upload["times"]]
    assert len(times) == 3
    assert times == sorted(times, reverse=True)
    begin, end = (datetime.fromisoformat(shift[name]) for name in ("begin", "end"))
    assert begin <= datetime.now(UTC) < end <= begin + timedelta(hours=9)


def test_what_was_before_the_shift_is_not_counted(
    make_client: Callable[..., TestClient], settings: Settings, make_png: Callable[..., bytes]
):
    # A shift that begins in a quarter of an hour or two, by the clock of this machine, began yesterday.
    soon = datetime.now().astimezone() + timedelta(minutes=30)
    begin = soon.replace(minute=soon.minute // 15 * 15)
    client = make_client(replace(settings, shifts=(f"{begin:%H:%M}",)))
    station: Station = client.app.state.station  # type: ignore[attr-defined]
    old = client.post("/api/inspect", files={"files": ("a.png", make_png())}).json()["inspections"][0]
    with station.store.writing.begin() as session:
        row = station.store.get(old["id"])
        row.time = datetime.now(UTC) - timedelta(days=1, hours=1)
        session.merge(row)
        session.execute(update(QuarterRow).values(start=quarter_of(row.time)))
    assert client.get("/api/shift").json()["feeds"] == []
    client.post("/api/inspect", files={"files": ("b.png", make_png())})
    (feed,) = client.get("/api/shift").json()["feeds"]
    assert feed["counts"] == {"OK": 1, "REVIEW": 0, "NG": 0}
