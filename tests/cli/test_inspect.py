import csv
import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from PIL import Image

from flawflow.results.run import Run
from flawflow.results.sinks import contract, webhook
from flawflow.results.sinks.contract import DeliveryError, Sink
from flawflow.results.sinks.video import VideoOverlay
from flawflow.video.read import open_video

Flawflow = Callable[..., Result]


def records(out: Path) -> dict[str, dict]:
    lines = (out / "results.jsonl").read_text("utf-8").splitlines()
    return {Path(record["path"]).parent.name: record for record in map(json.loads, lines)}


def test_a_folder_is_inspected_and_what_cannot_be_read_is_recorded(
    flawflow: Flawflow, tiny_model: Path, pictures: Path, tmp_path: Path
):
    out = tmp_path / "out"
    result = flawflow("inspect", tiny_model, pictures, "-o", out)
    assert result.exit_code == 3, result.output
    found = records(out)
    assert {name: record["verdict"] for name, record in found.items()} == {
        "good": "OK",
        "bad": "NG",
        "pictures": None,
    }
    assert "broken.png" in found["pictures"]["error"]
    assert found["bad"]["overlay"] == "overlays/bad/a.jpg"
    assert all((out / name).exists() for name in ("results.csv", "report.html", "overlays/good/a.jpg"))
    assert "2 pictures inspected: 1 NG, 0 REVIEW, 1 OK" in result.stdout
    assert "1 picture could not be read" in result.stdout
    assert str(out / "report.html") in result.stdout.replace("\n", "")
    assert result.stdout.index("bad/a.png") < result.stdout.index("good/a.png")


def test_verdicts_do_not_change_the_exit_code_unless_asked(
    flawflow: Flawflow, tiny_model: Path, pictures: Path, tmp_path: Path
):
    assert flawflow("inspect", tiny_model, pictures / "bad", "-o", tmp_path / "1").exit_code == 0
    assert (
        flawflow("inspect", tiny_model, pictures / "bad", "-o", tmp_path / "2", "--fail-on-ng").exit_code == 1
    )
    assert (
        flawflow("inspect", tiny_model, pictures / "good", "-o", tmp_path / "3", "--fail-on-ng").exit_code
        == 0
    )
    assert flawflow("inspect", tiny_model, pictures, "-o", tmp_path / "4", "--fail-on-ng").exit_code == 3


@pytest.mark.parametrize(
    ("level", "options", "verdict", "code"),
    [
        (110, (), "OK", 0),
        (125, (), "REVIEW", 0),
        (125, ("--fail-on-ng",), "REVIEW", 0),
        (125, ("--fail-on-review",), "REVIEW", 1),
        (125, ("--false-reject-rate", "0.05", "--fail-on-ng"), "NG", 1),
        (125, ("--review-rate", "0.01", "--fail-on-review"), "OK", 0),
        (110, ("--review-rate", "0.2"), "REVIEW", 0),
        (110, ("--false-reject-rate", "0.2"), "NG", 0),
        (255, ("--fail-on-review",), "NG", 1),
    ],
)
def test_rates_set_the_verdict(
    *,
    flawflow: Flawflow,
    tiny_model: Path,
    tmp_path: Path,
    level: int,
    options: tuple,
    verdict: str,
    code: int,
):
    """The model's scores of good pictures run evenly from 0.01 to 0.5: 125 of 255 is at 2 %, 110 at 14 %."""
    (tmp_path / "in").mkdir()
    Image.new("L", (32, 32), level).save(tmp_path / "in" / "a.png")
    result = flawflow("inspect", tiny_model, tmp_path / "in", "-o", tmp_path / "out", *options)
    assert result.exit_code == code, result.output
    assert records(tmp_path / "out")["in"]["verdict"] == verdict
    assert f"1 {verdict}" in result.stdout


def test_what_is_promised_is_said_and_what_cannot_be(
    flawflow: Flawflow, tiny_model: Path, pictures: Path, tmp_path: Path
):
    ask = ("inspect", tiny_model, pictures / "good", "-o", tmp_path / "out", "--overwrite")
    kept = flawflow(*ask).stdout
    assert "NG with a probability of at most 1 %, and NG or REVIEW with at most 5 % (measured on 99" in kept
    assert "too few" not in kept
    broken = "0.1 % of NG needs 999 pictures"
    assert broken in flawflow(*ask, "--false-reject-rate", "0.001").stdout
    assert broken in (tmp_path / "out" / "report.html").read_text("utf-8")


@pytest.mark.parametrize("rate", ["0", "1", "nan", "-0.1", "7"])
def test_an_impossible_rate_is_refused_and_costs_nothing(
    flawflow: Flawflow, tiny_model: Path, pictures: Path, tmp_path: Path, rate: str
):
    out = tmp_path / "out"
    flawflow("inspect", tiny_model, pictures / "good", "-o", out)
    ask = ("inspect", tiny_model, pictures / "bad", "-o", out, "--overwrite")
    for option in ("--false-reject-rate", "--review-rate"):
        refused = flawflow(*ask, option, rate)
        assert refused.exit_code == 2
        assert refused.stderr.startswith("flawflow: ")
        assert "rate" in refused.stderr
    assert list(records(out)) == ["good"]


def test_earlier_results_are_kept_unless_told_otherwise(
    flawflow: Flawflow, tiny_model: Path, pictures: Path, tmp_path: Path
):
    out = tmp_path / "out"
    assert flawflow("inspect", tiny_model, pictures / "good", "-o", out).exit_code == 0
    before = (out / "results.jsonl").read_bytes()
    refused = flawflow("inspect", tiny_model, pictures / "bad", "-o", out)
    assert refused.exit_code == 2
    assert "--overwrite" in refused.stderr
    assert (out / "results.jsonl").read_bytes() == before
    assert flawflow("inspect", tiny_model, pictures / "bad", "-o", out, "--overwrite").exit_code == 0
    assert list(records(out)) == ["bad"]


@pytest.mark.parametrize("wrong", ["model", "pictures"])
def test_a_slip_costs_no_earlier_results(
    flawflow: Flawflow, tiny_model: Path, pictures: Path, tmp_path: Path, wrong: str
):
    out = tmp_path / "out"
    flawflow("inspect", tiny_model, pictures / "good", "-o", out)
    model = tmp_path / "none.flaw" if wrong == "model" else tiny_model
    source = tmp_path / "nowhere" if wrong == "pictures" else pictures
    assert flawflow("inspect", model, source, "-o", out, "--overwrite").exit_code == 2
    assert list(records(out)) == ["good"]
    assert (out / "report.html").exists()


def test_overlays_are_no_pictures_to_inspect(flawflow: Flawflow, tiny_model: Path, pictures: Path):
    out = pictures / "out"
    flawflow("inspect", tiny_model, pictures, "-o", out)
    flawflow("inspect", tiny_model, pictures, "-o", out, "--overwrite")
    assert len(records(out)) == 3
    only_overlays = flawflow("inspect", tiny_model, out / "overlays", "-o", out, "--overwrite")
    assert only_overlays.exit_code == 2


def test_ctrl_c_keeps_what_is_done_and_says_where(
    flawflow: Flawflow, tiny_model: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    whole = Run.results

    def interrupted(self: Run, paths: list[Path], sinks: list[Sink]) -> Iterator[contract.Result]:
        yield next(iter(whole(self, paths, sinks)))
        raise KeyboardInterrupt

    monkeypatch.setattr(Run, "results", interrupted)
    out = tmp_path / "out"
    result = flawflow("inspect", tiny_model, pictures, "-o", out)
    assert result.exit_code == 130
    assert "results.jsonl" in result.stderr
    assert len(records(out)) == 1


def test_inspecting_loads_no_torch(tiny_model: Path, pictures: Path, tmp_path: Path):
    code = (
        "import sys\nfrom flawflow.cli import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "print(sorted({'torch', 'scipy', 'sklearn', 'timm'} & set(sys.modules)))"
    )
    arguments = ["inspect", str(tiny_model), str(pictures), "-o", str(tmp_path / "out")]
    shown = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    assert shown.stdout.splitlines()[-1] == "[]"
    assert (tmp_path / "out" / "report.html").exists()


def test_another_light_is_told_at_the_end_in_drift_json_and_in_the_report(
    flawflow: Flawflow, tiny_model: Path, tmp_path: Path, rng: np.random.Generator
):
    def take(name: str, count: int, level: float) -> Path:
        """Grey pictures with one bright spot, which alone makes the tiny model's score, in another light."""
        (tmp_path / name).mkdir()
        for number in range(count):
            picture = np.full((32, 32, 3), level + rng.normal(0, 1.5), np.uint8)
            picture[8:14, 8:14] = 120 + rng.integers(0, 20)
            Image.fromarray(picture).save(tmp_path / name / f"{number:02d}.png")
        return tmp_path / name

    model, out = tmp_path / "calibrated.flaw", tmp_path / "out"
    assert flawflow("calibrate", tiny_model, take("good", 60, 60), "-o", model).exit_code == 0
    same = flawflow("inspect", model, take("same", 20, 60), "-o", tmp_path / "calm")
    assert "No sign that camera or lighting have changed" in same.stdout
    brighter = flawflow("inspect", model, take("brighter", 30, 68), "-o", out)
    assert brighter.exit_code == 0, "a change is told and is no failure"
    assert "not like those of the calibration" in brighter.stdout
    assert "brighter (brightness 0." in brighter.stdout
    drift = json.loads((out / "drift.json").read_text("utf-8"))
    assert "brighter" in [finding["words"] for finding in drift["findings"]]
    assert drift["findings"][0]["path"].endswith(".png")
    assert "<li>brighter (brightness 0." in (out / "report.html").read_text("utf-8")
    again = flawflow("inspect", model, tmp_path / "same", "-o", out, "--overwrite")
    assert again.exit_code == 0
    assert json.loads((out / "drift.json").read_text("utf-8"))["findings"] == []
    old = flawflow("inspect", tiny_model, tmp_path / "same", "-o", tmp_path / "old")
    assert "has no drift baseline to compare with" in old.stdout


@pytest.fixture
def clip(make_video: Callable[..., Path]) -> Path:
    """A video whose fourth to sixth of ten frames are bright (NG)."""
    return make_video(
        [np.full((40, 60, 3), 230 if 3 <= n < 6 else 20, np.uint8) for n in range(10)], "clip.avi"
    )


def frames_of(out: Path) -> list[dict]:
    return [json.loads(line) for line in (out / "results.jsonl").read_text("utf-8").splitlines()]


def test_a_video_is_inspected_frame_by_frame_beside_pictures(
    flawflow: Flawflow, tiny_model: Path, pictures: Path, clip: Path, tmp_path: Path
):
    (pictures / "broken.png").unlink()
    clip = clip.rename(pictures / "Clip.AVI")
    out = tmp_path / "out"
    result = flawflow("inspect", tiny_model, pictures, "-o", out)
    assert result.exit_code == 0, result.output
    found = frames_of(out)
    assert [record["frame"] for record in found] == [None, None, *range(10)]
    assert [record["seconds"] for record in found[2:]] == pytest.approx(np.arange(10) / 10)
    assert [record["verdict"] for record in found[2:]] == ["OK"] * 3 + ["NG"] * 3 + ["OK"] * 4
    assert {record["overlay"] for record in found[2:]} == {"overlays/Clip.mp4"}
    with (out / "results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["frame"] for row in rows] == ["", "", *map(str, range(10))]
    with open_video(out / "overlays" / "Clip.mp4") as video:
        assert len(list(video.frames())) == 10
    assert "NG from 0.30 s to 0.60 s" in (out / "overlays" / "Clip.svg").read_text("utf-8")
    page = (out / "report.html").read_text("utf-8")
    assert 'href="overlays/Clip.mp4#t=0.300"' in page
    assert 'class="timeline"' in page
    assert "12 pictures inspected: 4 NG" in result.stdout
    assert "Clip.AVI, frame 3 at 0.30 s" in result.stdout.replace("\n", "")
    assert "inspecting Clip.AVI: 10/10" in result.stderr


def test_a_cut_video_is_inspected_to_its_end_and_recorded(
    flawflow: Flawflow,
    tiny_model: Path,
    make_video: Callable[..., Path],
    tmp_path: Path,
    rng: np.random.Generator,
):
    clip = make_video(list(rng.integers(0, 90, (20, 40, 60, 3), dtype=np.uint8)))
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size * 2 // 3])
    out = tmp_path / "out"
    result = flawflow("inspect", tiny_model, clip, "-o", out)
    assert result.exit_code == 3
    *found, last = frames_of(out)
    assert len(found) > 5
    assert "cut short" in last["error"]
    assert last["path"] == str(clip)
    assert (out / "overlays" / "clip.mp4").exists()
    assert "cut short" in result.stdout


def test_ctrl_c_in_a_video_keeps_its_frames_until_then(
    flawflow: Flawflow, tiny_model: Path, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    deliver = VideoOverlay.deliver

    def interrupted(self: VideoOverlay, results: list[contract.Result]) -> None:
        if results[0].record.frame == 5:
            raise KeyboardInterrupt
        deliver(self, results)

    monkeypatch.setattr(VideoOverlay, "deliver", interrupted)
    out = tmp_path / "out"
    assert flawflow("inspect", tiny_model, clip, "-o", out).exit_code == 130
    assert len(frames_of(out)) == 5
    with open_video(out / "overlays" / "clip.mp4") as video:
        assert len(list(video.frames())) == 5
    assert (out / "overlays" / "clip.svg").exists()
    assert sorted(path.name for path in (out / "overlays").iterdir()) == ["clip.mp4", "clip.svg"]


def test_overwriting_removes_the_overlay_video_and_its_timeline(
    flawflow: Flawflow, tiny_model: Path, pictures: Path, clip: Path, tmp_path: Path
):
    out = tmp_path / "out"
    flawflow("inspect", tiny_model, clip, "-o", out)
    (out / "overlays" / "own.svg").write_text("not flawflow's")
    assert flawflow("inspect", tiny_model, pictures / "good", "-o", out, "--overwrite").exit_code == 0
    assert sorted(path.name for path in (out / "overlays").iterdir()) == ["a.jpg", "own.svg"]


def test_without_the_extra_a_video_costs_one_sentence_and_nothing_else(
    flawflow: Flawflow, tiny_model: Path, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    out = tmp_path / "out"
    flawflow("inspect", tiny_model, clip, "-o", out)
    before = (out / "results.jsonl").read_bytes()
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "av" else find(name))
    result = flawflow("inspect", tiny_model, clip, "-o", out, "--overwrite")
    assert result.exit_code == 2
    assert "pip install 'flawflow[video]'" in result.stderr
    assert result.stderr.count("\n") == 1
    assert (out / "results.jsonl").read_bytes() == before


def test_inspecting_pictures_loads_no_video_library(
    tiny_model: Path, pictures: Path, clip: Path, tmp_path: Path
):
    code = (
        "import sys\nfrom flawflow.cli import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "print(sorted({'av', 'torch'} & set(sys.modules)))"
    )
    for source, loaded in ((pictures, "[]"), (clip, "['av']")):
        arguments = ["inspect", str(tiny_model), str(source), "-o", str(tmp_path / f"out of {source.stem}")]
        shown = subprocess.run(
            [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
        )
        assert shown.stdout.splitlines()[-1] == loaded


def files(out: Path) -> set[str]:
    return {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}


def test_what_is_written_is_what_was_asked_for(
    flawflow: Flawflow, tiny_model: Path, pictures: Path, tmp_path: Path
):
    out = tmp_path / "out"
    result = flawflow("inspect", tiny_model, pictures, "-o", out, "--to", "folder", "--to", "parquet")
    assert result.exit_code == 3, result.output
    # What cannot be read stays where it is.
    assert files(out) == {"results.jsonl", "results.parquet", "OK/good/a.png", "NG/bad/a.png"}
    assert (out / "NG" / "bad" / "a.png").read_bytes() == (pictures / "bad" / "a.png").read_bytes()
    assert {record["overlay"] for record in records(out).values()} == {None}
    assert "2 pictures inspected: 1 NG, 0 REVIEW, 1 OK" in result.stdout
    assert "bad/a.png" in result.stdout
    assert "Report:" not in result.stdout


def test_a_moved_picture_is_gone_and_one_that_cannot_go_is_told(
    flawflow: Flawflow, tiny_model: Path, pictures: Path, tmp_path: Path
):
    out = tmp_path / "out"
    (out / "NG").mkdir(parents=True)
    (out / "NG" / "bad").write_bytes(b"in the way")
    (pictures / "broken.png").unlink()
    result = flawflow(
        "inspect", tiny_model, pictures, "-o", out, "--to", "folder", "--place", "move", "--to", "csv"
    )
    assert result.exit_code == 3, result.output
    assert "1 result not delivered to folder" in result.stdout
    assert "cannot be placed" in result.stdout
    assert not (pictures / "good" / "a.png").exists()
    assert (pictures / "bad" / "a.png").exists()


def test_a_receiver_that_is_away_costs_nothing_but_its_own_results(
    flawflow: Flawflow, tiny_model: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    class Away(Sink):
        name = "webhook=http://line/"

        def deliver(self, results: object) -> None:
            raise DeliveryError("http://line/ cannot be reached")

    monkeypatch.setattr(webhook, "open_webhook", lambda *_: Away())
    monkeypatch.setattr("flawflow.results.deliver.time.sleep", lambda _: None)
    out = tmp_path / "out"
    result = flawflow("inspect", tiny_model, pictures / "good", "-o", out, "--to", "webhook=http://line/")
    assert result.exit_code == 3
    assert "1 result not delivered to webhook=http://line/: http://line/ cannot be reached" in result.stdout
    assert len(records(out)) == 1


@pytest.mark.parametrize("to", ["fax", "webhook", "webhook=ftp://x", "webhook=http://u:p@x/"])
def test_a_sink_that_there_is_not_costs_no_earlier_results(
    flawflow: Flawflow, tiny_model: Path, pictures: Path, tmp_path: Path, to: str
):
    out = tmp_path / "out"
    flawflow("inspect", tiny_model, pictures, "-o", out)
    before = files(out)
    result = flawflow("inspect", tiny_model, pictures, "-o", out, "--overwrite", "--to", to)
    assert result.exit_code == 2
    assert files(out) == before


def test_every_record_has_the_key_of_its_own(
    flawflow: Flawflow, tiny_model: Path, pictures: Path, tmp_path: Path
):
    out = tmp_path / "out"
    flawflow("inspect", tiny_model, pictures, "-o", out)
    found = [json.loads(line) for line in (out / "results.jsonl").read_text("utf-8").splitlines()]
    assert [record["id"] for record in found] == [1, 2, 3]
    (journal,) = {record["journal"] for record in found}
    with (out / "results.csv").open(newline="", encoding="utf-8") as file:
        assert [row["journal"] for row in csv.DictReader(file)] == [journal] * 3
