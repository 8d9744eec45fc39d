import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from flawflow import __version__, model_file
from flawflow.cli.group import VERBS

Flawflow = Callable[..., Result]


def raising(error: BaseException) -> Callable[..., None]:
    def fail(*_: object) -> None:
        raise error

    return fail


def test_help_names_every_verb(flawflow: Flawflow):
    result = flawflow("--help")
    assert result.exit_code == 0
    for verb in VERBS:
        assert f"  {verb} " in result.output
        assert flawflow(verb, "--help").exit_code == 0


def test_version(flawflow: Flawflow):
    assert flawflow("--version").output == f"flawflow {__version__}\n"


def test_an_unknown_verb_is_a_usage_error(flawflow: Flawflow):
    result = flawflow("divine")
    assert result.exit_code == 2
    assert "No such command 'divine'" in result.stderr


def test_an_error_is_one_line_on_stderr(flawflow: Flawflow, tmp_path: Path):
    result = flawflow("card", tmp_path / "none.flaw")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("flawflow: ")
    assert "none.flaw" in result.stderr
    assert result.stderr.count("\n") == 1


def test_an_interrupted_verb_says_so(flawflow: Flawflow, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(model_file, "read_any", raising(KeyboardInterrupt()))
    result = flawflow("card", "a.flaw")
    assert result.exit_code == 130
    assert result.stderr == "flawflow: interrupted\n"


def test_an_error_of_the_system_names_the_file(flawflow: Flawflow, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(model_file, "read_any", raising(PermissionError(13, "Permission denied", "a.flaw")))
    result = flawflow("card", "a.flaw")
    assert result.exit_code == 2
    assert result.stderr == (
        "flawflow: a.flaw: no right to write or read here: choose another place, or change its permissions\n"
    )


def test_an_unexpected_error_is_one_line_unless_the_traceback_is_wanted(
    flawflow: Flawflow, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(model_file, "read_any", raising(RuntimeError("boom")))
    monkeypatch.delenv("FLAWFLOW_DEBUG", raising=False)
    result = flawflow("card", "a.flaw")
    assert result.exit_code == 2
    assert "an unexpected error: RuntimeError: boom" in result.stderr
    assert result.stderr.count("\n") == 1
    monkeypatch.setenv("FLAWFLOW_DEBUG", "1")
    assert isinstance(flawflow("card", "a.flaw").exception, RuntimeError)


def test_help_loads_neither_torch_nor_an_engine():
    code = (
        "import sys\nfrom flawflow.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print(sorted({'torch', 'onnxruntime', 'numpy', 'PIL', 'rich'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.splitlines()[-1] == "[]"


def test_a_verb_that_is_gone_names_its_successor(flawflow: Flawflow):
    result = flawflow("scenes", "shanghaitech", "-o", "out")
    assert result.exit_code == 2
    assert "flawflow compare DATA" in result.stderr
    assert "--scene NAME" in result.stderr
