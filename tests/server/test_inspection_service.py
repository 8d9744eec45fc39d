import dataclasses
import hashlib
import threading

import pytest

from flawflow.inspection.inspector import Inspector
from flawflow.server.db import Filters
from flawflow.server.errors import BusyError, TooLargeError
from flawflow.server.inspection_service import Failed, Given


def test_a_picture_is_recorded_with_what_the_inspector_says(station, make_png, tiny_model):
    content = make_png(spot=True)
    (row,) = station.inspection_service.inspect(
        station.registry.get(), [Given("a.png", content)], source="upload"
    )
    wanted = Inspector.load(tiny_model).inspect(content)
    found = station.store.get(row.id)
    assert (found.score, found.p_value, found.verdict) == (wanted.score, wanted.p_value, wanted.verdict)
    assert (found.height, found.width) == wanted.size
    assert [tuple(each["box"]) for each in found.regions] == [each.box for each in wanted.regions]
    assert found.picture_sha256 == hashlib.sha256(content).hexdigest()
    assert found.model_sha256 == station.registry.get().sha256
    assert station.picture_path(found).read_bytes() == content


def test_outcomes_come_in_order_with_failures_among_them(station, settings, make_png, tmp_path):
    allowed = settings.allow[0]
    (allowed / "text.png").write_text("no picture")
    (tmp_path / "outside.png").write_bytes(make_png())
    given = [
        Given("dark", make_png(0)),
        Given("broken", make_png()[:60]),
        Given("text", allowed / "text.png"),
        Given("gone", allowed / "gone.png"),
        Given("outside", tmp_path / "outside.png"),
        Given("bright", make_png(250)),
    ]
    outcomes = station.inspection_service.inspect(station.registry.get(), given, source="path")
    assert [each.name for each in outcomes] == [each.name for each in given]
    assert [each.status for each in outcomes if isinstance(each, Failed)] == [422, 415, 404, 404]
    assert (outcomes[0].verdict, outcomes[5].verdict) == ("OK", "NG")
    assert len(station.store.find(Filters())) == 2


def test_what_is_too_large_is_refused(make_client, settings, make_png):
    small = dataclasses.replace(settings, max_picture_bytes=100, max_pixels=100)
    station = make_client(small).app.state.station
    big = settings.allow[0] / "big.png"
    big.write_bytes(make_png() + bytes(100))
    given = [Given("bytes", make_png() + bytes(100)), Given("file", big)]
    outcomes = station.inspection_service.inspect(station.registry.get(), given, source="path")
    assert [each.status for each in outcomes] == [413, 413]


def test_too_many_pixels_are_refused(make_client, settings, make_png):
    station = make_client(dataclasses.replace(settings, max_pixels=100)).app.state.station
    (outcome,) = station.inspection_service.inspect(
        station.registry.get(), [Given("a", make_png())], source="upload"
    )
    assert outcome.status == 413
    assert "more than the limit" in outcome.error
    assert "given bytes" not in outcome.error


def test_names_are_shown_and_nothing_else(station, make_png):
    names = [
        "../../etc/passwd",
        "<script>alert(1)</script>.png",
        "a\r\nSet-Cookie: x",
        "\x00",
        "\ud800",
        "x" * 999,
    ]
    given = [Given(name, make_png()) for name in names]
    rows = station.inspection_service.inspect(station.registry.get(), given, source="upload")
    for row in rows:
        assert row.name.isprintable()
        assert len(row.name) <= 255
        path = station.picture_path(row)
        assert path.resolve().is_relative_to(station.settings.data.resolve() / "pictures")
        assert path.name == row.key


class Held:
    """An inspector that waits."""

    def __init__(self, inspector):
        self.inspector, self.go = inspector, threading.Event()

    def inspect(self, source, **options):
        assert self.go.wait(10)
        return self.inspector.inspect(source, **options)


def test_a_full_queue_refuses_at_once_and_recovers(make_client, settings, make_png, monkeypatch):
    station = make_client(dataclasses.replace(settings, max_waiting=4)).app.state.station
    model = station.registry.get()
    held = Held(model.inspector)
    slow = dataclasses.replace(model, inspector=held)
    futures = station.inspection_service.submit(slow, [Given("a", make_png())] * 3, source="upload")
    with pytest.raises(BusyError) as refused:
        station.inspection_service.submit(model, [Given("b", make_png())] * 2, source="upload")
    assert refused.value.retry_after >= 1
    monkeypatch.setattr(station.inspection_service._pace, "seconds", lambda count: 10 * count)
    assert station.inspection_service.wait_seconds() == 30
    futures += station.inspection_service.submit(slow, [Given("c", make_png())], source="upload")
    with pytest.raises(BusyError):
        station.inspection_service.check_room(1, 0)
    held.go.set()
    assert len({future.result(10).id for future in futures}) == 4
    assert len(station.inspection_service.inspect(model, [Given("b", make_png())] * 4, source="upload")) == 4


@pytest.mark.parametrize("broken", [False, True])
def test_what_has_left_gives_back_its_room(make_client, settings, make_png, broken):
    """Its place in the queue and its bytes, whether or not it could be inspected."""
    content = make_png()[:60] if broken else make_png()
    room = dataclasses.replace(settings, max_waiting=1, max_waiting_bytes=len(content))
    station = make_client(room).app.state.station
    for _ in range(3):
        (outcome,) = station.inspection_service.inspect(
            station.registry.get(), [Given("a", content)], source="upload"
        )
        assert isinstance(outcome, Failed) == broken
    assert station.inspection_service.in_work == 0
    station.inspection_service.check_room(1, len(content))
    with pytest.raises(TooLargeError):
        station.inspection_service.check_room(1, len(content) + 1)


def test_bytes_that_wait_take_room_of_their_own(make_client, settings, make_png):
    content = make_png()
    room = dataclasses.replace(settings, max_waiting=9, max_waiting_bytes=2 * len(content))
    station = make_client(room).app.state.station
    model = station.registry.get()
    held = Held(model.inspector)
    slow = dataclasses.replace(model, inspector=held)
    futures = station.inspection_service.submit(slow, [Given("a", content)] * 2, source="upload")
    with pytest.raises(BusyError):
        station.inspection_service.check_room(1, 1)
    station.inspection_service.check_room(1, 0)
    held.go.set()
    assert all(future.result(10).id for future in futures)
    station.close()
    station.inspection_service.check_room(1, 2 * len(content))


def test_more_than_the_queue_ever_holds_is_too_large(make_client, settings, make_png):
    station = make_client(dataclasses.replace(settings, max_waiting=1)).app.state.station
    with pytest.raises(TooLargeError):
        station.inspection_service.inspect(
            station.registry.get(), [Given("a", make_png())] * 2, source="upload"
        )


@pytest.mark.parametrize(
    ("keep", "kept"), [("all", [True, True]), ("ng", [False, True]), ("none", [False, False])]
)
def test_pictures_stay_by_the_policy_and_maps_always(make_client, settings, make_png, keep, kept):
    station = make_client(dataclasses.replace(settings, keep_pictures=keep)).app.state.station
    given = [Given("good", make_png()), Given("bad", make_png(spot=True))]
    rows = station.inspection_service.inspect(station.registry.get(), given, source="upload")
    assert [row.has_picture for row in rows] == kept
    assert sum(path.is_file() for path in (settings.data / "pictures").glob("*/*")) == sum(kept)
    assert all(station.store.get_map(row.id).startswith(b"\x89PNG") for row in rows)


def test_who_hangs_up_does_not_stop_the_record(station, make_png):
    model = station.registry.get()
    (future,) = station.inspection_service.submit(model, [Given("a", make_png())], source="upload")
    assert not future.cancel()
    assert future.result(10).id
    assert station.inspection_service.inspect(model, [Given("b", make_png())], source="upload")[0].id


def test_a_record_that_cannot_be_written_is_neither_answered_nor_counted(station, make_png, monkeypatch):
    def fail(_):
        raise OSError("no space left")

    monkeypatch.setattr(station.store, "add", fail)
    with pytest.raises(OSError, match="no space"):
        station.inspection_service.inspect(station.registry.get(), [Given("a", make_png())], source="upload")
    monkeypatch.undo()
    (row,) = station.inspection_service.inspect(
        station.registry.get(), [Given("a", make_png())], source="upload"
    )
    assert row.id
    station.close()
    labels = {"model": "tiny", "verdict": "OK"}
    assert station.metrics.registry.get_sample_value("flawflow_inspections_total", labels) == 1.0


def test_a_picture_that_cannot_be_kept_has_no_record(station, make_png, monkeypatch):
    def fail(*_):
        raise OSError("no space left")

    monkeypatch.setattr(station.image_store, "keep_picture", fail)
    with pytest.raises(OSError, match="no space"):
        station.inspection_service.inspect(station.registry.get(), [Given("a", make_png())], source="upload")
    assert station.store.find(Filters()) == []
