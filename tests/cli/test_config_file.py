"""The station's settings from a file, the environment and options, in this order of weight."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from flawflow.cli.serve import command
from flawflow.server import serve as module
from flawflow.server.settings import Settings

Flawflow = Callable[..., Result]


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Settings]:
    """Collect the settings of stations that do not start."""
    found: list[Settings] = []

    def serve(settings: Settings, **_: Any) -> None:
        found.append(settings)

    monkeypatch.setattr(module, "serve", serve)
    monkeypatch.chdir(tmp_path)
    return found


def test_every_setting_is_an_option():
    options = {parameter.name for parameter in command.params}
    assert {field.name for field in fields(Settings)} - options == {"to"}
    assert "sinks" in options


def test_options_count_more_than_variables_and_these_more_than_the_file(
    flawflow: Flawflow, served: list[Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "station.toml").write_text(
        'models = ["a.flaw", "b.flaw"]\nport = 81\nmax-waiting = 5\nmax_files = 7\nrate = 2.5\n'
        'to = ["jsonl"]\nallow = ["."]\nkeep_pictures = "ng"\n',
        "utf-8",
    )
    monkeypatch.setenv("FLAWFLOW_SERVE_PORT", "82")
    monkeypatch.setenv("FLAWFLOW_SERVE_MAX_FILES", "8")
    result = flawflow("serve", "--config", "station.toml", "--port", "83")
    assert result.exit_code == 0, result.output
    (settings,) = served
    assert (settings.port, settings.max_files, settings.max_waiting, settings.rate) == (83, 8, 5, 2.5)
    assert settings.models == (Path("a.flaw"), Path("b.flaw"))
    assert (settings.to, settings.keep_pictures, settings.allow) == (("jsonl",), "ng", (tmp_path.resolve(),))
    assert settings.max_pixels == Settings(models=(Path("a.flaw"),)).max_pixels
    monkeypatch.setenv("FLAWFLOW_SERVE_CONFIG", "station.toml")
    assert flawflow("serve", "c.flaw").exit_code == 0
    assert (served[1].port, served[1].models) == (82, (Path("c.flaw"),))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("port = ", "cannot be read as TOML"),
        ("prot = 80", "'prot', which is no setting; there are models"),
        ("[port]\na = 1", "'port', which is no setting"),
        ('port = "x"', "'--port'"),
        ("max_files = 0", "'--max-files'"),
        ("port = [80]", "port in station.toml must be one value"),
        ('allow = "."', "allow in station.toml must be a list"),
        ("config = 'x'", "'config', which is no setting"),
    ],
)
def test_what_a_file_may_not_say_is_one_sentence(
    flawflow: Flawflow, served: list[Settings], tmp_path: Path, text: str, said: str
):
    (tmp_path / "station.toml").write_text(text, "utf-8")
    result = flawflow("serve", "a.flaw", "--config", "station.toml")
    assert result.exit_code == 2
    assert said in " ".join(result.output.split())
    assert served == []


def test_a_file_that_is_missing_is_named(flawflow: Flawflow, served: list[Settings]):
    assert "none.toml cannot be read" in flawflow("serve", "a.flaw", "--config", "none.toml").output
