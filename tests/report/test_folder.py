import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flawflow.card import Card
from flawflow.errors import FlawflowError
from flawflow.inspect.inspection import Failure, Inspection
from flawflow.picture import read_picture
from flawflow.report.folder import ResultFolder, clear, has_results
from flawflow.report.names import overlay_names

MakeInspection = Callable[..., Inspection]


@pytest.fixture
def pictures(tmp_path: Path, rng: np.random.Generator) -> list[Path]:
    paths = [tmp_path / "in" / "good" / "a.png", tmp_path / "in" / "bad" / "a.png"]
    for path in paths:
        path.parent.mkdir(parents=True)
        Image.fromarray(rng.integers(0, 256, (32, 48, 3), dtype=np.uint8)).save(path)
    return paths


def begin(folder: Path, card: Card, pictures: list[Path]) -> ResultFolder:
    return ResultFolder(folder, model="gear.flaw", card=card, overlay_names=overlay_names(pictures))


def test_a_folder_holds_results_overlays_and_a_page(
    tmp_path: Path, card: Card, pictures: list[Path], make_inspection: MakeInspection
):
    out = tmp_path / "out"
    with begin(out, card, pictures) as results:
        for path in pictures:
            results.add(results.draw(make_inspection(path), read_picture(path)))
        results.add(Failure(tmp_path / "x.png", "x.png is cut short"))
        page = results.finish()
    assert page == out / "report.html"
    assert "x.png is cut short" in page.read_text("utf-8")
    lines = (out / "results.jsonl").read_text("utf-8").splitlines()
    named = [json.loads(line)["overlay"] for line in lines]
    assert named == ["overlays/good/a.jpg", "overlays/bad/a.jpg", None]
    for name in named[:2]:
        with Image.open(out / name) as overlay:
            assert overlay.size == (48, 32)
    drift = json.loads((out / "drift.json").read_text("utf-8"))
    assert drift == {
        "findings": [], "hint": None, "compared": 0, "reference": 0, "false_alarm_rate": 0.01,
    }  # fmt: skip
    assert results.summary.inspected == 2
    assert results.summary.unreadable == 1


def test_drawing_writes_nothing(
    tmp_path: Path, card: Card, pictures: list[Path], make_inspection: MakeInspection
):
    """What was drawn ahead of a kill would stand there without a record, and nobody would remove it."""
    out = tmp_path / "out"
    with begin(out, card, pictures) as results:
        before = {path: path.stat().st_size for path in out.rglob("*")}
        results.draw(make_inspection(pictures[0]), read_picture(pictures[0]))
        assert {path: path.stat().st_size for path in out.rglob("*")} == before


def test_a_picture_too_long_for_jpeg_gets_a_png(tmp_path: Path, card: Card, make_inspection: MakeInspection):
    path = tmp_path / "line.png"
    Image.new("RGB", (70, 66_000)).save(path)
    with begin(tmp_path / "out", card, [path]) as results:
        inspection = make_inspection(path, anomaly_map=np.zeros((66_000, 70)))
        record = results.add(results.draw(inspection, read_picture(path)))
    assert record["overlay"] == "overlays/line.png"
    assert (tmp_path / "out" / record["overlay"]).exists()


def test_clearing_removes_flawflows_files_and_no_other(
    tmp_path: Path, card: Card, pictures: list[Path], make_inspection: MakeInspection
):
    out = tmp_path / "out"
    assert not has_results(out)
    with begin(out, card, pictures) as results:
        for path in pictures:
            results.add(results.draw(make_inspection(path), read_picture(path)))
        results.finish()
    assert has_results(out)
    (out / "notes.txt").write_text("mine")
    (out / "overlays" / "mine.jpg").write_text("mine")
    clear(out)
    assert not has_results(out)
    assert {path.name for path in out.rglob("*") if path.is_file()} == {"notes.txt", "mine.jpg"}


def test_a_list_from_elsewhere_cannot_remove_files(tmp_path: Path):
    precious = tmp_path / "precious.txt"
    precious.write_text("keep")
    out = tmp_path / "out"
    out.mkdir()
    names = ["../precious.txt", str(precious), "overlays/../../precious.txt"]
    (out / "results.jsonl").write_text("".join(json.dumps({"overlay": name}) + "\n" for name in names))
    clear(out)
    assert precious.exists()


@pytest.mark.parametrize("content", ["hello\n", "[]\n", '{"a": 1}\n'])
def test_a_foreign_list_is_left_alone(tmp_path: Path, content: str):
    (tmp_path / "results.jsonl").write_text(content)
    with pytest.raises(FlawflowError, match="not a result list of flawflow"):
        clear(tmp_path)
    assert (tmp_path / "results.jsonl").read_text() == content
