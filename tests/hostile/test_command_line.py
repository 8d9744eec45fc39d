"""The command line, as a process, with options and files that nobody expects."""

import os
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from flawflow.cli import main
from flawflow.cli.group import VERBS

RATES = ("nan", "inf", "-inf", "0", "1", "-1", "1e999", "0x1", "", "1%", "0,01", "1_0")
SIZES = (
    "0",
    "-1",
    "256x",
    "x256",
    "1e3",
    "99999999",
    "256x256x3",
    "٢٥٦",
    "",
    " 256",
    "256\n",
    "∞",
    "auto",
    "1.5",
)
PROGRESS = ("inspecting: ", "measuring: ")
SEEDS = ("-1", "1.5", "", "a", "9" * 5000)
PATHS = (
    "",
    "none",
    "/dev/zero",
    "/",
    "x" * 300,
    "x/" * 2500,
    "a\nb",
    "\x1b[2J",
    "∞.flaw",
    "~",
    "--",
    "-",
    "*",
    "[",
    "{}",
    "%s",
    "..",
)


@pytest.fixture
def place(tmp_path, tiny_model, monkeypatch):
    """A folder with a model, a good and a bad picture, and nothing else; the working folder of the test."""
    work = tmp_path / "work"
    work.mkdir()
    tiny_model.rename(work / "tiny.flaw")
    (work / "in").mkdir()
    Image.new("RGB", (40, 30), (9, 9, 9)).save(work / "in" / "dark.png")
    (work / "in" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing more")
    monkeypatch.chdir(work)
    monkeypatch.setenv("HOME", str(work))
    return work


def files(folder):
    return {path for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def refused(place, is_sentence):
    """Expect exit code 2, one sentence (after click's own usage lines) and an untouched folder."""

    def expect(*arguments):
        before = files(place.parent)
        result = CliRunner().invoke(main, [os.fspath(argument) for argument in arguments])
        assert result.exit_code == 2, (arguments, result.output)
        assert "unexpected error" not in result.stderr, result.stderr[:3000]
        assert "Traceback" not in result.output
        lines = [line for line in result.stderr.splitlines() if not line.startswith(PROGRESS)]
        if lines[0].startswith("Usage: "):
            lines = lines[next(i for i, line in enumerate(lines) if line.startswith("Error: ")) :]
        assert len(lines) == 1, result.stderr[:3000]
        is_sentence(lines[0])
        assert files(place.parent) == before, arguments

    return expect


@pytest.mark.parametrize("option", ["--false-reject-rate", "--review-rate"])
def test_odd_rates(option, refused):
    for rate in RATES:
        refused("inspect", "tiny.flaw", "in", "-o", "out", f"{option}={rate}")
        refused("calibrate", "tiny.flaw", "-o", "other.flaw", f"{option}={rate}")


def test_odd_sizes_seeds_and_choices(refused):
    for name, values in (("--size", SIZES), ("--seed", SEEDS), ("--preset", PATHS), ("--detector", PATHS),
                         ("--device", PATHS)):  # fmt: skip
        for value in values:
            refused("train", "in", "-o", "new.flaw", f"{name}={value}")
    for name, values in (
        ("--size", SIZES),
        ("--seeds", (*SEEDS, ",", "1,,x")),
        ("--detectors", (",", "none")),
    ):
        for value in values:
            refused("compare", "in", "-o", "out", f"{name}={value}")


def test_odd_models(refused):
    for path in PATHS:
        for arguments in (("card",), ("inspect", "in", "-o", "out"), ("evaluate", "in")):
            verb, *rest = arguments
            refused(verb, *rest[1:], "--", path, *rest[:1])


def test_odd_pictures_and_data(refused):
    for path in PATHS:
        if path not in ("..", "/", "*", "~", "/dev/zero"):
            refused("inspect", "tiny.flaw", "-o", "out", "--", path)
            refused("evaluate", "--", "tiny.flaw", path)


def test_a_device_is_recorded_beside_good_results(place):
    result = CliRunner().invoke(main, ["inspect", "tiny.flaw", "/dev/zero", "in", "-o", "out"])
    assert result.exit_code == 3, result.output
    assert "1 picture inspected" in result.stdout
    assert "2 pictures could not be read" in result.stdout
    assert {path.relative_to(place).parts[0] for path in files(place)} == {"tiny.flaw", "in", "out"}


def test_odd_outputs(place, refused):
    (place / "file").write_text("kept")
    for output in ("file", "file/in/it", "x" * 300, "/dev/null", "/dev/null/x", "/proc/none/x"):
        refused("inspect", "tiny.flaw", "in/dark.png", "-o", output)
    for output in ("file", "file/x", "in", "x" * 300, "/dev/null", "/proc/none/x"):
        refused("calibrate", "tiny.flaw", "in/dark.png", "-o", output)
    for output in ("file/x", "in", "/proc/none/x"):
        refused("evaluate", "tiny.flaw", "in", "--json", output)
    assert (place / "file").read_text() == "kept"


def test_every_verb_without_or_with_odd_arguments(refused):
    for verb in VERBS:
        if verb not in ("demo", "serve"):  # They need nothing.
            refused(verb)
        refused(verb, "--none")
        refused(verb, "--output")
    refused("")
    refused("\x1b[2J")
    refused("card", "a", "b")


def test_earlier_results_that_reach_out_of_their_folder(place, is_sentence):
    (place / "precious.jpg").write_text("kept")
    names = [
        "../precious.jpg",
        str(place / "precious.jpg"),
        "overlays/../../precious.jpg",
        "overlays",
        ".",
        "",
        "\0",
        "x" * 300,
    ]
    for name in names:
        out = place / "out"
        out.mkdir(exist_ok=True)
        (out / "results.jsonl").write_text(f'{{"overlay": {__import__("json").dumps(name)}}}\n')
        result = CliRunner().invoke(main, ["inspect", "tiny.flaw", "in", "-o", "out", "--overwrite"])
        assert "unexpected error" not in result.output, (name, result.output)
        assert result.exit_code in (2, 3), (name, result.output)
    for text in ("[]\n", "{}\n", '{"overlay": 5}\n', "[" * 100_000 + "\n", "\xff\n", '{"overlay": {}}\n'):
        (place / "out" / "results.jsonl").write_bytes(text.encode("latin-1"))
        result = CliRunner().invoke(main, ["inspect", "tiny.flaw", "in", "-o", "out", "--overwrite"])
        assert "unexpected error" not in result.output, (text[:50], result.output)
        assert result.exit_code == 2, (text[:50], result.output)
        is_sentence(result.stderr.strip())
    assert (place / "precious.jpg").read_text() == "kept"


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_names_in_bytes_that_are_no_text(place, encoding):
    odd = b"in/p\xff\xe2\x88\x9e\n\x1b[2J=[bold].png"
    levels = np.full((30, 40), 250, np.uint8)
    Image.fromarray(levels).save(os.fsdecode(odd))
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    command = [sys.executable, "-W", "error", "-c", "from flawflow.cli import main; main()"]
    run = subprocess.run(
        [*command, "inspect", "tiny.flaw", "in", b"-oout\xfe"],
        capture_output=True,
        env=environment,
        timeout=120,
        check=False,
    )
    assert run.returncode == 3, run.stderr
    assert b"unexpected error" not in run.stderr
    assert b"2 pictures inspected" in run.stdout
    assert b"\x1b" not in run.stdout + run.stderr
    run = subprocess.run(
        [*command, "calibrate", "tiny.flaw", b"in/../" + odd, b"-onew\xfe.flaw"], capture_output=True, env=environment,  # noqa: E501
        timeout=120, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert b"\x1b" not in run.stdout + run.stderr
    run = subprocess.run(
        [*command, "card", b"none\xff\n"], capture_output=True, env=environment, timeout=120, check=False
    )
    assert (run.returncode, run.stderr.count(b"\n")) == (2, 1)
