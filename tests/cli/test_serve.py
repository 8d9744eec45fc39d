import subprocess
import sys

import pytest


def test_without_the_extra_it_says_what_to_install(tiny_model):
    # In a process of its own: were the station imported twice in this one, tests would patch the wrong one.
    code = "import sys; sys.modules['uvicorn'] = None; from flawflow.cli import main; main()"
    command = [sys.executable, "-c", code, "serve", tiny_model]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    assert result.returncode == 2
    assert result.stderr == "flawflow: the station needs a few more packages: pip install 'flawflow[serve]'\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--host", "0.0.0.0"], "set a token with --token"),
        (["--host", "0.0.0.0", "--token", "short"], "16 or more"),
        (["--certificate", "c.pem"], "give both --certificate and --key"),
        (["--certificate", "c.pem", "--key", "k.pem"], "c.pem cannot be read"),
        (["--allow", __file__], "is not a folder"),
        (["--trained-on", "other=/nowhere"], "the data that it was trained on"),
        (["--host", "203.0.113.7", "--token", "x" * 16, "--port", "0"], "cannot listen on 203.0.113.7"),
    ],
)
def test_a_start_that_is_not_safe_or_not_possible_is_one_sentence(
    flawflow, tiny_model, tmp_path, monkeypatch, arguments, said
):
    monkeypatch.chdir(tmp_path)
    result = flawflow("serve", tiny_model, *arguments)
    assert result.exit_code == 2
    assert said in result.output
    assert result.output.count("\n") == 1
    assert not (tmp_path / "station").exists()


def test_a_model_that_is_none_is_one_sentence(flawflow, tmp_path):
    (tmp_path / "no.flaw").write_bytes(b"x")
    result = flawflow("serve", tmp_path / "no.flaw", "--data", tmp_path / "data", "--port", "0")
    assert (result.exit_code, result.output.count("\n")) == (2, 1)
    assert "not a flawflow model" in result.output
