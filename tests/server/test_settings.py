from pathlib import Path

import pytest

from flawflow.errors import FlawflowError
from flawflow.server.settings import Settings, is_loopback

MODEL = (Path("part.flaw"),)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "line7.factory", ""])
def test_another_address_than_loopback_needs_a_token(host):
    with pytest.raises(FlawflowError, match="token"):
        Settings(models=MODEL, host=host)
    Settings(models=MODEL, host=host, token="x" * 16)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_needs_none(host):
    assert is_loopback(host)
    Settings(models=MODEL, host=host)


@pytest.mark.parametrize("token", ["short", "ü" * 20, ""])
def test_a_weak_token_is_refused(token):
    with pytest.raises(FlawflowError, match="16 or more"):
        Settings(models=MODEL, token=token)


def test_secrets_are_not_printed():
    settings = Settings(models=MODEL, token="x" * 16, database="postgresql://me:secret@db/flaw")
    assert "xxxx" not in repr(settings)
    assert "secret" not in repr(settings)


def test_an_allowed_folder_is_no_file(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FlawflowError, match="is not a folder"):
        Settings(models=MODEL, allow=(tmp_path / "file",))


def test_what_is_missing_now_is_said(tmp_path):
    late = tmp_path / "late"
    settings = Settings(models=MODEL, allow=(late, tmp_path), trained_on=(("part", late / "good"),))
    assert settings.missing == (late, late / "good")
    (late / "good").mkdir(parents=True)
    assert settings.missing == ()


def test_a_station_may_begin_without_a_model_and_a_replica_may_not():
    assert Settings().models == ()
    with pytest.raises(FlawflowError, match="a replica needs a model"):
        Settings(replica=True)


def test_what_is_said_to_be_trained_on_something_is_a_model_of_the_station(tmp_path):
    Settings(models=MODEL, trained_on=(("part", tmp_path),))
    with pytest.raises(FlawflowError, match="the data that it was trained on"):
        Settings(models=MODEL, trained_on=(("other", tmp_path),))


def test_the_limits_are_those_of_the_documentation():
    settings = Settings(models=MODEL)
    page = (Path(__file__).parents[2] / "docs" / "station.md").read_text("utf-8")
    said = (
        f"{settings.max_picture_bytes >> 20} MiB and {settings.max_pixels // 10**6} million pixels a picture,"
        f" {settings.max_files} pictures a request,"
        f" {settings.max_waiting} pictures ({settings.max_waiting_bytes >> 20} MiB) that wait,"
        f" {settings.rate:.0f} requests a second of one client"
    )
    assert said in " ".join(page.split())
    assert f"| connections | {settings.max_connections:,}, {settings.max_connections_of_one} |" in page
    assert f"`--keep-days` ({settings.keep_days};" in page


@pytest.mark.parametrize(
    ("given", "way_out"),
    [
        ({}, "--database"),
        ({"database": "sqlite:///a.db"}, "--database"),
        ({"database": "postgresql+pg8000://host/db"}, "--keep-pictures none"),
        ({"database": "postgresql+pg8000://host/db", "keep_pictures": "none", "to": ("csv",)}, "--to"),
        ({"database": "postgresql+pg8000://host/db", "keep_pictures": "none", "lines": ("a",)}, "--line"),
    ],
)
def test_a_replica_keeps_and_does_nothing_alone(given, way_out):
    with pytest.raises(FlawflowError, match=way_out):
        Settings(models=(Path("part.flaw"),), replica=True, **given)
