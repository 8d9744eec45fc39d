import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, event, inspect, text

from flawflow.server.db import Base, Store
from flawflow.server.db.database import open_database
from flawflow.server.db.engine import make_engine
from flawflow.server.db.migrate import configuration
from flawflow.server.errors import StationError


def test_the_migrations_make_the_tables_of_the_code(url):
    database = open_database(url)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    database.close()


def test_there_is_one_line_of_migrations():
    assert len(ScriptDirectory.from_config(configuration()).get_heads()) == 1


def test_starting_again_changes_nothing(url):
    for _ in range(2):
        Store(url).close()


def test_a_database_of_a_newer_flawflow_is_refused(tmp_path):
    url = f"sqlite:///{tmp_path / 'a.db'}"
    Store(url).close()
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(StationError, match="newer flawflow"):
        Store(url)


def test_a_migration_that_breaks_leaves_nothing(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path / 'a.db'}"
    upgrade = command.upgrade

    def break_off(config, revision):
        upgrade(config, revision)
        raise RuntimeError("the power went")

    monkeypatch.setattr(command, "upgrade", break_off)
    with pytest.raises(RuntimeError):
        Store(url)
    monkeypatch.undo()
    engine = create_engine(url)
    assert inspect(engine).get_table_names() == []
    engine.dispose()
    Store(url).close()


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("mysql://db/x", "not supported"),
        ("nonsense", "cannot be read"),
        ("postgresql+nodriver://db/x", "cannot be read"),
        ("sqlite:////dev/null/a.db", "cannot be used"),
    ],
)
def test_a_database_that_cannot_be_used_is_said(url, why):
    with pytest.raises(StationError, match=why):
        open_database(url)


def test_passwords_are_not_shown():
    pytest.importorskip("pg8000")
    with pytest.raises(StationError) as refused:
        open_database("postgresql+pg8000://me:secret@127.0.0.1:1/x")
    assert "secret" not in str(refused.value)


def test_a_server_that_says_nothing_is_not_waited_for_for_ever():
    pytest.importorskip("pg8000")
    engine, seen = make_engine("postgresql+pg8000://me@127.0.0.1/x"), []

    def connect(_dialect, _record, _arguments, options):
        seen.append(options["timeout"])
        raise TimeoutError

    event.listen(engine, "do_connect", connect)
    with pytest.raises(TimeoutError):
        engine.connect()
    assert seen == [60.0]


def test_nothing_is_printed(tmp_path, capfd):
    Store(f"sqlite:///{tmp_path / 'a.db'}").close()
    assert capfd.readouterr() == ("", "")
