import errno
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.testclient import TestClient

from flawflow.server.errors import BusyError, LostCommitError
from flawflow.server.settings import Settings
from flawflow.server.sources import folder as folder_source
from flawflow.server.sources import sources as all_sources
from flawflow.server.station import Station

Wait = Callable[[Callable[[], bool]], None]
Found = Callable[[], list[dict]]
Draw = Callable[..., bytes]


@pytest.fixture
def folder(settings: Settings) -> Path:
    (settings.allow[0] / "line").mkdir()
    return settings.allow[0] / "line"


def watch(client: TestClient, address: str = "line") -> dict:
    answer = client.post("/api/sources", json={"kind": "folder", "address": address, "interval": 0.05})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_pictures_are_inspected_as_they_come(
    client: TestClient, folder: Path, wait: Wait, found: Found, make_png: Draw
):
    source = watch(client)
    assert (source["address"], source["model"], source["running"]) == (str(folder), "tiny", True)
    (folder / "lot 1").mkdir()
    (folder / "lot 1" / "<b>.png").write_bytes(make_png(20))
    (folder / "bad.png").write_bytes(make_png(20, spot=True))
    wait(lambda: len(found()) == 2)
    by_name = {each["name"]: each for each in found()}
    assert {name: each["verdict"] for name, each in by_name.items()} == {
        "lot 1/<b>.png": "OK",
        "bad.png": "NG",
    }
    assert by_name["bad.png"]["source"] == f"watch:{folder}"
    assert by_name["bad.png"]["picture_sha256"] == hashlib.sha256(make_png(20, spot=True)).hexdigest()
    wait(lambda: client.get("/api/sources").json()[0]["seen"] == 2)


def test_a_half_written_picture_waits(
    client: TestClient, folder: Path, wait: Wait, found: Found, make_png: Draw
):
    watch(client)
    whole = make_png(20)
    (folder / "a.png").write_bytes(whole[: len(whole) // 2])
    (folder / "b.png").write_bytes(make_png(30))
    wait(lambda: [each["name"] for each in found()] == ["b.png"])
    (folder / "a.png").write_bytes(whole)
    wait(lambda: [each["name"] for each in found()] == ["b.png", "a.png"])


def test_a_restart_inspects_nothing_twice_and_goes_on(
    *,
    make_client: Callable[..., TestClient],
    client: TestClient,
    settings: Settings,
    folder: Path,
    wait: Wait,
    found: Found,
    make_png: Draw,
):
    (folder / "a.png").write_bytes(make_png(20))
    watch(client)
    wait(lambda: client.get("/api/sources").json()[0]["seen"] == 1)
    client.__exit__(None, None, None)
    (folder / "b.png").write_bytes(make_png(30))
    again = make_client(settings)
    wait(lambda: again.get("/api/sources").json()[0]["seen"] == 2)
    names = [each["name"] for each in again.get("/api/inspections").json()["inspections"]]
    assert names == ["b.png", "a.png"]
    # New content under a known name, and then the first one again, is new each time.
    for count, level in ((3, 40), (4, 20)):
        (folder / "a.png").write_bytes(make_png(level))
        wait(lambda count=count: sum(again.get("/api/inspections").json()["counts"].values()) == count)


def test_a_crash_between_record_and_journal_has_nothing_inspected_twice(
    *, client: TestClient, station: Station, folder: Path, wait: Wait, found: Found, make_png: Draw
):
    """The record has a picture that the journal has not heard of."""
    from flawflow.server.inspection_service import Given

    (folder / "a.png").write_bytes(make_png(20))
    station.inspection_service.inspect(
        station.registry.get(), [Given("a.png", make_png(20))], source=f"watch:{folder}"
    )
    watch(client)
    wait(lambda: client.get("/api/sources").json()[0]["seen"] == 1)
    assert len(found()) == 1
    # The same name with new content, and then with the first again, is inspected each time.
    for level in (40, 20):
        (folder / "a.png").write_bytes(make_png(level))
        before = len(found())
        wait(lambda before=before: len(found()) == before + 1)


def test_a_removed_source_stops_and_its_record_stays(
    *, client: TestClient, settings: Settings, folder: Path, wait: Wait, found: Found, make_png: Draw
):
    (folder / "a.png").write_bytes(make_png(20))
    source = watch(client)
    wait(lambda: len(found()) == 1)
    assert client.delete(f"/api/sources/{source['id']}").status_code == 204
    assert client.get("/api/sources").json() == []
    assert list((settings.data / "sources").glob("*.sqlite*")) == []
    assert len(found()) == 1
    assert client.delete(f"/api/sources/{source['id']}").status_code == 404
    assert watch(client)["address"] == str(folder)


def test_a_full_queue_loses_nothing(
    *, client: TestClient, station: Station, folder: Path, wait: Wait, found: Found, make_png: Draw,
    monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    refusals = [BusyError("full"), BusyError("full")]
    submit = station.inspection_service.submit

    def sometimes(*arguments: object, **options: object) -> object:
        if refusals:
            raise refusals.pop()
        return submit(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(station.inspection_service, "submit", sometimes)
    (folder / "a.png").write_bytes(make_png(20))
    watch(client)
    wait(lambda: len(found()) == 1)
    assert refusals == []


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left"), PoolTimeoutError("away")])
def test_what_cannot_be_recorded_now_waits_however_long(
    *, client: TestClient, station: Station, folder: Path, wait: Wait, found: Found, make_png: Draw,
    monkeypatch: pytest.MonkeyPatch, error: Exception,
):  # fmt: skip
    def fail(_: object) -> None:
        raise error

    monkeypatch.setattr(folder_source, "GIVE_UP_SECONDS", 0.0)
    monkeypatch.setattr(station.store, "add", fail)
    (folder / "a.png").write_bytes(make_png(20))
    watch(client)
    wait(lambda: "pictures wait" in (client.get("/api/sources").json()[0]["error"] or ""))
    monkeypatch.undo()
    wait(lambda: len(found()) == 1)
    wait(lambda: client.get("/api/sources").json()[0]["error"] is None)


def test_what_may_be_recorded_is_not_recorded_twice(
    *, client: TestClient, station: Station, folder: Path, wait: Wait, found: Found, make_png: Draw,
    monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    """The connection broke off while the database recorded, and it had."""
    add, lost = station.store.add, [LostCommitError("it broke off")]

    def once(*arguments: Any) -> None:
        add(*arguments)
        if lost:
            raise lost.pop()

    monkeypatch.setattr(station.store, "add", once)
    (folder / "a.png").write_bytes(make_png(20))
    watch(client)
    wait(lambda: client.get("/api/sources").json()[0]["seen"] == 1)
    assert (len(found()), lost) == (1, [])


def test_a_record_that_cannot_be_read_is_told_without_a_traceback(
    *, client: TestClient, station: Station, folder: Path, wait: Wait, found: Found, make_png: Draw,
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
):  # fmt: skip
    def fail() -> None:
        raise PoolTimeoutError("away")

    monkeypatch.setattr(all_sources, "_RESTART_SECONDS", 0.01)
    (folder / "a.png").write_bytes(make_png(20))
    with monkeypatch.context() as away:
        away.setattr(station.store, "reading", fail)
        watch(client)
        wait(lambda: "does not answer" in (client.get("/api/sources").json()[0]["error"] or ""))
    wait(lambda: len(found()) == 1)
    assert caplog.records == []
