import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result
from PIL import Image

from flawflow.model_file import read_model, replace_card
from flawflow.runtime.canary_check import record_canaries

Flawflow = Callable[..., Result]


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """Good pictures of a brighter light: every one of them is NG to `tiny_model`."""
    folder = tmp_path / "good"
    folder.mkdir()
    for level in range(150, 199):
        Image.new("L", (40, 40), level).save(folder / f"{level}.png")
    return folder


def verdict(flawflow: Flawflow, model: Path, picture: Path, out: Path) -> str:
    assert flawflow("inspect", model, picture, "-o", out, "--overwrite").exit_code == 0
    return str(json.loads((out / "results.jsonl").read_text("utf-8"))["verdict"])


def test_another_light_is_another_calibration(
    flawflow: Flawflow, tiny_model: Path, good: Path, tmp_path: Path
):
    new, out = tmp_path / "new.flaw", tmp_path / "out"
    before = tiny_model.read_bytes()
    result = flawflow("calibrate", tiny_model, good, "-o", new)
    assert result.exit_code == 0, result.output
    assert "new.flaw is calibrated by 49 good pictures (99 before)." in result.stdout
    assert f"{good / '198.png'} (score 0.7765)" in result.stdout
    assert "at most 2 %, and NG or REVIEW with at most 4 % (measured on 49" in result.stdout
    assert "too few for what was asked: 1 % of NG needs 99 pictures" in result.stdout
    assert tiny_model.read_bytes() == before
    found = [
        [verdict(flawflow, model, good / name, out) for name in ("160.png", "198.png")]
        for model in (tiny_model, new)
    ]
    assert found == [["NG", "NG"], ["OK", "REVIEW"]]


def test_the_graph_stays_to_the_byte(
    flawflow: Flawflow, tiny_model: Path, tiny_graph: bytes, good: Path, tmp_path: Path
):
    flawflow("calibrate", tiny_model, good, "-o", tmp_path / "new.flaw")
    assert read_model(tmp_path / "new.flaw").graph.startswith(tiny_graph)


def test_added_pictures_keep_a_rate_that_they_alone_could_not(
    flawflow: Flawflow, tiny_model: Path, good: Path, tmp_path: Path
):
    result = flawflow("calibrate", tiny_model, good, "--add", "-o", tmp_path / "new.flaw")
    assert "calibrated by 148 good pictures (99 before)" in result.stdout
    assert "too few" not in result.stdout
    calibration = read_model(tmp_path / "new.flaw").card.calibration
    assert calibration.pixel_threshold == 0.5
    assert len(calibration.scores) == 148


def test_rates_alone_can_be_set(flawflow: Flawflow, tiny_model: Path, tmp_path: Path):
    new = tmp_path / "new.flaw"
    result = flawflow(
        "calibrate", tiny_model, "-o", new, "--false-reject-rate", "0.02", "--review-rate", "0.1"
    )
    assert result.exit_code == 0, result.output
    assert "99 good pictures (99 before)" in result.stdout
    old, card = read_model(tiny_model).card, read_model(new).card
    assert card.calibration == old.calibration.with_rates(false_reject_rate=0.02, review_rate=0.1)
    assert card.colormap_range == old.colormap_range


def test_rates_and_pictures_go_together(flawflow: Flawflow, tiny_model: Path, good: Path, tmp_path: Path):
    new = tmp_path / "new.flaw"
    result = flawflow("calibrate", tiny_model, good, "-o", new, "--false-reject-rate", "0.1")
    calibration = read_model(new).card.calibration
    assert (calibration.false_reject_rate, calibration.review_rate) == (0.1, 0.1)
    assert calibration.threshold().score == calibration.scores[-5]
    assert "at most 10 %; no picture is judged REVIEW" in result.stdout


def test_pictures_that_cannot_be_read_are_named_and_left_out(
    flawflow: Flawflow, tiny_model: Path, good: Path, tmp_path: Path
):
    (good / "150.png").write_bytes(b"not a picture")
    result = flawflow("calibrate", tiny_model, good, "-o", tmp_path / "new.flaw")
    assert result.exit_code == 3
    assert "150.png" in result.stderr
    assert len(read_model(tmp_path / "new.flaw").card.calibration.scores) == 48


@pytest.mark.parametrize("wrong", ["nothing", "rates", "unreadable", "missing", "exists"])
def test_what_cannot_be_done_writes_nothing(
    flawflow: Flawflow, tiny_model: Path, good: Path, tmp_path: Path, wrong: str
):
    new = tmp_path / "new.flaw"
    arguments: list[str | Path] = {
        "nothing": [],
        "rates": ["--false-reject-rate", "0.1", "--review-rate", "0.05"],
        "unreadable": [good / "150.png"],
        "missing": [tmp_path / "nowhere"],
        "exists": [good],
    }[wrong]
    (good / "150.png").write_bytes(b"not a picture")
    if wrong == "exists":
        new.write_bytes(b"mine")
    result = flawflow("calibrate", tiny_model, *arguments, "-o", new)
    assert result.exit_code == 2
    assert result.stderr
    assert "Traceback" not in result.output
    assert (new.read_bytes() if new.exists() else None) == (b"mine" if wrong == "exists" else None)


def test_a_model_may_replace_itself(flawflow: Flawflow, tiny_model: Path, good: Path):
    assert flawflow("calibrate", tiny_model, good, "-o", tiny_model, "--overwrite").exit_code == 0
    assert len(read_model(tiny_model).card.calibration.scores) == 49


def test_calibrating_loads_no_torch(tiny_model: Path, good: Path, tmp_path: Path):
    code = (
        "import sys\nfrom flawflow.cli import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit as end:\n    assert end.code == 0\n"
        "print(sorted({'torch', 'scipy', 'sklearn', 'timm'} & set(sys.modules)))"
    )
    arguments = ["calibrate", str(tiny_model), str(good), "-o", str(tmp_path / "new.flaw")]
    shown = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    assert shown.stdout.splitlines()[-1] == "[]"


def test_canaries_are_kept_and_an_older_file_gets_some(
    flawflow: Flawflow, tiny_model: Path, good: Path, tmp_path: Path
):
    new, newer = tmp_path / "new.flaw", tmp_path / "newer.flaw"
    before = read_model(tiny_model)
    assert flawflow("calibrate", tiny_model, good, "-o", new).exit_code == 0
    canaries = read_model(new).card.canaries
    assert (before.card.canaries, canaries) == ((), record_canaries(before.graph, (32, 32)))
    other = replace(canaries[0], score=canaries[0].score + 1e-5), canaries[1]
    replace_card(new, new, replace(read_model(new).card, canaries=other))
    assert flawflow("calibrate", new, "--false-reject-rate", "0.1", "-o", newer).exit_code == 0
    assert read_model(newer).card.canaries == other
