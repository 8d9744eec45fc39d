from concurrent.futures import Future, wait

import pytest
from sqlalchemy.engine import RootTransaction
from sqlalchemy.exc import OperationalError

from flawflow.server import batch_writer as module
from flawflow.server.batch_writer import BatchWriter, Entry
from flawflow.server.db import Filters, InspectionRow, Store
from flawflow.server.errors import LostCommitError
from flawflow.server.image_store import ImageStore
from flawflow.server.inspection_service import Given


class Counted(Store):
    """A store that remembers how many records each commit had."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.commits: list[int] = []

    def add(self, inspections):
        super().add(inspections)
        self.commits.append(len(inspections))


@pytest.fixture
def store(tmp_path):
    opened = Counted(f"sqlite:///{tmp_path}/station.db")
    yield opened
    opened.close()


@pytest.fixture
def make_entry(station, make_png):
    """Entries like those of an inspection in a station of its own."""
    (row,) = station.inspection_service.inspect(
        station.registry.get(), [Given("a", make_png())], source="upload"
    )
    columns = [column.key for column in InspectionRow.__table__.columns if column.key != "id"]

    def make(key: str, picture: bytes | None = b"picture") -> Entry:
        values = {name: getattr(row, name) for name in columns} | {"key": key}
        return Entry(InspectionRow(**values), b"map", picture, Future())

    return make


def test_what_is_in_work_shares_the_commit_of_what_is_done(store, tmp_path, make_entry, monkeypatch):
    monkeypatch.setattr(module, "_GATHERING_SECONDS", 60.0)
    entries = [make_entry(f"{number:032}") for number in range(5)]
    batch_writer = BatchWriter(store, ImageStore(tmp_path), in_work=lambda: 5, written=lambda _: None)
    for entry in entries[:4]:
        batch_writer.write(entry)
    assert not wait([entries[0].recorded], timeout=0.1).done
    batch_writer.write(entries[4])
    rows = [entry.recorded.result(30) for entry in entries]
    batch_writer.close()
    assert store.commits == [5]
    assert {row.id for row in rows} == {row.id for row in store.find(Filters())}


def test_who_is_alone_waits_for_nobody(store, tmp_path, make_entry, monkeypatch):
    monkeypatch.setattr(module, "_GATHERING_SECONDS", 60.0)
    batch_writer = BatchWriter(store, ImageStore(tmp_path), in_work=lambda: 1, written=lambda _: None)
    for number in range(3):
        entry = make_entry(f"{number:032}")
        batch_writer.write(entry)
        entry.recorded.result(30)
    batch_writer.close()
    assert store.commits == [1, 1, 1]


def test_a_picture_that_cannot_be_kept_fails_alone(store, tmp_path, make_entry):
    image_store = ImageStore(tmp_path)
    # What is written under a random key is never there already; here it plays a disk that refuses.
    image_store.keep_picture("1" * 32, b"in the way")
    entries = [make_entry(key * 32) for key in "012"]
    batch_writer = BatchWriter(store, image_store, in_work=lambda: 3, written=lambda _: None)
    for entry in entries:
        batch_writer.write(entry)
    assert isinstance(entries[1].recorded.exception(30), FileExistsError)
    assert {entries[0].recorded.result(30).key, entries[2].recorded.result(30).key} == {"0" * 32, "2" * 32}
    batch_writer.close()
    assert {row.key for row in store.find(Filters())} == {"0" * 32, "2" * 32}


def test_everybody_who_shares_a_failed_commit_is_told(store, tmp_path, make_entry, monkeypatch):
    monkeypatch.setattr(module, "_GATHERING_SECONDS", 60.0)
    told = []
    entries = [make_entry(f"{number:032}") for number in range(4)]
    batch_writer = BatchWriter(store, ImageStore(tmp_path), in_work=lambda: 3, written=told.append)
    with monkeypatch.context() as patch:
        patch.setattr(store, "add", lambda _: (_ for _ in ()).throw(OSError("no space left")))
        for entry in entries[:3]:
            batch_writer.write(entry)
        assert {str(entry.recorded.exception(30)) for entry in entries[:3]} == {"no space left"}
    assert told == []
    # Who comes later is recorded.
    monkeypatch.setattr(module, "_GATHERING_SECONDS", 0.0)
    batch_writer.write(entries[3])
    assert entries[3].recorded.result(30).id
    batch_writer.close()
    assert [len(rows) for rows in told] == [1]
    assert len(store.find(Filters())) == 1


def test_who_is_recorded_is_answered_though_nobody_could_be_told(store, tmp_path, make_entry):
    def fail(_):
        raise RuntimeError("nobody listens")

    batch_writer = BatchWriter(store, ImageStore(tmp_path), in_work=lambda: 1, written=fail)
    for number in range(2):
        entry = make_entry(f"{number:032}")
        batch_writer.write(entry)
        assert entry.recorded.result(30).id
    batch_writer.close()


def test_all_is_written_at_the_end_without_pictures_too(store, tmp_path, make_entry):
    batch_writer = BatchWriter(store, ImageStore(tmp_path), in_work=lambda: 0, written=lambda _: None)
    entries = [make_entry(f"{number:032}", None) for number in range(3)]
    for entry in entries:
        batch_writer.write(entry)
    batch_writer.close()
    assert all(entry.recorded.done() for entry in entries)
    assert not (tmp_path / "pictures").exists()


def database_error(*, lost: bool) -> OperationalError:
    return OperationalError("COMMIT", None, Exception("gone"), connection_invalidated=lost)


def test_what_was_not_recorded_leaves_no_picture(store, tmp_path, make_entry, monkeypatch):
    def fail(_inspections):
        raise database_error(lost=False)

    image_store = ImageStore(tmp_path)
    monkeypatch.setattr(store, "add", fail)
    batch_writer = BatchWriter(store, image_store, in_work=lambda: 3, written=lambda _: None)
    entries = [make_entry("0" * 32), make_entry("1" * 32), make_entry("2" * 32, None)]
    for entry in entries:
        batch_writer.write(entry)
    assert all(isinstance(entry.recorded.exception(30), OperationalError) for entry in entries)
    batch_writer.close()
    assert [path for path in tmp_path.glob("pictures/*/*") if path.is_file()] == []


def test_what_may_have_been_recorded_keeps_its_picture(store, tmp_path, make_entry, monkeypatch):
    def lose(_transaction):
        raise database_error(lost=True)

    monkeypatch.setattr(RootTransaction, "commit", lose)
    batch_writer = BatchWriter(store, ImageStore(tmp_path), in_work=lambda: 1, written=lambda _: None)
    entry = make_entry("0" * 32)
    batch_writer.write(entry)
    assert isinstance(entry.recorded.exception(30), LostCommitError)
    monkeypatch.undo()
    batch_writer.close()
    assert [path.name for path in tmp_path.glob("pictures/*/*")] == ["0" * 32]
