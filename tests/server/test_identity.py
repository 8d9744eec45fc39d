"""A data folder and its database know each other; nothing that a start finds there is ever deleted."""

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import create_engine, inspect, text

from flawflow.server.db import Filters
from flawflow.server.db.migrate import configuration
from flawflow.server.errors import StationError
from flawflow.server.identity import Identity
from flawflow.server.inspection_service import Given
from flawflow.server.settings import Settings
from flawflow.server.station import Station


def fill(settings: Settings, content: bytes, count: int = 2) -> dict[str, bytes]:
    """Have a station inspect pictures, and give their files."""
    station = Station.open(settings)
    station.inspection_service.inspect(station.registry.get(), [Given("a", content)] * count, source="upload")
    station.close()
    return pictures(settings.data)


def pictures(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("pictures/*/*")}


def forget(settings: Settings) -> None:
    """Make folder and database those of a flawflow that knew no identities: the record's first tables."""
    (settings.data / "station.id").unlink()
    record = settings.data / "station.db"
    newer = record.rename(record.with_name("newer.db"))
    engine, config = create_engine(settings.database_url), configuration()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    columns = ", ".join(column["name"] for column in inspect(engine).get_columns("inspections"))
    with engine.connect() as connection:
        connection.execute(text("ATTACH DATABASE :newer AS newer"), {"newer": str(newer)})
        connection.execute(
            text(f"INSERT INTO inspections ({columns}) SELECT {columns} FROM newer.inspections")
        )
        connection.commit()
    engine.dispose()
    newer.unlink()


def refusal(settings: Settings) -> str:
    with pytest.raises(StationError) as refused:
        Station.open(settings)
    return str(refused.value)


@pytest.fixture
def other(settings: Settings, tmp_path: Path, make_png: Callable[..., bytes]) -> Settings:
    """Another station, with pictures."""
    found = dataclasses.replace(settings, data=tmp_path / "other")
    fill(found, make_png(30), 1)
    return found


def database(path: Path) -> str:
    return f"sqlite:///{path}"


def test_a_database_of_another_station_is_refused_and_no_picture_goes(settings, other, make_png):
    kept = fill(settings, make_png())
    url = database(other.data / "station.db")
    said = refusal(dataclasses.replace(settings, database=url))
    assert str(settings.data) in said
    assert str(other.data / "station.db") in said
    assert "--data" in said
    assert pictures(settings.data) == kept
    fill(settings, make_png())
    fill(other, make_png())


def test_the_way_out_that_the_refusal_names_is_one(settings, other, make_png):
    kept = fill(settings, make_png())
    url = database(other.data / "station.db")
    joined = dataclasses.replace(settings, database=url)
    held = (other.data / "station.id").read_text().strip()
    assert f"write {held} into {settings.data / 'station.id'}" in refusal(joined)
    (settings.data / "station.id").write_text(held)
    Station.open(joined).close()
    assert pictures(settings.data) == {}
    assert {path.name: path.read_bytes() for path in settings.data.glob("orphans/*/*")} == kept
    # And back: what was set aside belongs to its record again.
    (settings.data / "station.id").unlink()
    shutil.rmtree(settings.data / "pictures")
    forget_database(settings)
    (settings.data / "pictures").mkdir()
    Station.open(settings).close()
    assert pictures(settings.data) == kept


def forget_database(settings: Settings) -> None:
    engine = create_engine(settings.database_url)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM identity"))
    engine.dispose()


@pytest.mark.parametrize("kind", ["emptied", "gone", "mistyped"])
def test_a_new_database_is_refused_by_a_folder_with_pictures(settings, make_png, tmp_path, kind):
    kept = fill(settings, make_png())
    path, wrong = settings.data / "station.db", settings
    if kind == "emptied":
        path.write_bytes(b"")
    elif kind == "gone":
        path.unlink()
    else:
        wrong = dataclasses.replace(settings, database=database(tmp_path / "typo.db"))
    assert "is new" in refusal(wrong)
    # A refusal makes no tables, and the next start finds nothing else than the first.
    assert "is new" in refusal(wrong)
    engine = create_engine(wrong.database_url)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM sqlite_master")) == 0
    engine.dispose()
    assert pictures(settings.data) == kept


def test_a_new_folder_is_refused_by_a_database_with_a_station(settings, make_png, tmp_path):
    fill(settings, make_png())
    new = tmp_path / "new"
    said = refusal(dataclasses.replace(settings, data=new, database=settings.database_url))
    assert str(new) in said
    assert "is new" in said


def test_a_folder_without_identity_is_adopted_with_all_that_it_has(settings, make_png):
    kept = fill(settings, make_png())
    forget(settings)
    station = Station.open(settings)
    assert pictures(settings.data) == kept
    assert len(station.store.find(Filters())) == 2
    station.close()
    assert len((settings.data / "station.id").read_text().strip()) == 32


@pytest.mark.parametrize("empty", [True, False])
def test_no_folder_without_identity_is_adopted_by_a_record_that_knows_none_of_it(
    settings, other, make_png, empty
):
    kept = fill(settings, make_png())
    for each in (settings, other):
        forget(each)
    if empty:
        (other.data / "station.db").unlink()
    said = refusal(dataclasses.replace(settings, database=database(other.data / "station.db")))
    assert "knows none of them" in said
    assert str(settings.data) in said
    assert pictures(settings.data) == kept
    fill(settings, make_png())


def test_a_backup_of_the_record_that_is_older_loses_no_picture(settings, make_png, tmp_path):
    fill(settings, make_png(), 1)
    path = settings.data / "station.db"
    older, newer = tmp_path / "older.db", tmp_path / "newer.db"
    shutil.copy(path, older)
    kept = fill(settings, make_png(30))
    shutil.copy(path, newer)
    shutil.copy(older, path)
    Station.open(settings).close()
    assert len(pictures(settings.data)) == 1
    assert len(list(settings.data.glob("orphans/*/*"))) == 2
    shutil.copy(newer, path)
    Station.open(settings).close()
    assert pictures(settings.data) == kept


@pytest.mark.parametrize("moment", ["before the database has it", "before the folder has it"])
def test_a_first_start_that_is_killed_is_made_good_by_the_next(settings, monkeypatch, make_png, moment):
    method = "admit" if moment == "before the database has it" else "settle"
    whole = getattr(Identity, method)

    def killed(self, *arguments):
        if method == "admit":
            whole(self, *arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(Identity, method, killed)
    with pytest.raises(KeyboardInterrupt):
        Station.open(settings)
    monkeypatch.undo()
    assert len(fill(settings, make_png())) == 2


@pytest.mark.parametrize("content", ["", "abc", "g" * 32, "a" * 31, "a" * 64, "\xff"])
def test_a_torn_identity_is_named(settings, make_png, content):
    fill(settings, make_png())
    (settings.data / "station.id").write_text(content, "latin-1")
    assert str(settings.data / "station.id") in refusal(settings)


def test_passwords_are_in_no_refusal(settings, make_png):
    pytest.importorskip("pg8000")
    url = "postgresql+pg8000://me:hunter2@127.0.0.1:1/x?password=hunter2"
    said = refusal(dataclasses.replace(settings, database=url))
    assert "hunter2" not in said
    assert "127.0.0.1:1/x" in said
