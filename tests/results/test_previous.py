import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flawflow.errors import FlawflowError
from flawflow.inspection.inspector import Inspector
from flawflow.model_file.card import Card
from flawflow.results.deliver import Delivery
from flawflow.results.previous import clear, has_results
from flawflow.results.run import Run
from flawflow.results.sink_kinds import kinds
from flawflow.results.sinks import open_sink
from flawflow.results.sinks.contract import Setting


@pytest.fixture
def pictures(tmp_path: Path, rng: np.random.Generator) -> list[Path]:
    paths = [tmp_path / "in" / "good" / "a.png", tmp_path / "in" / "bad" / "a.png"]
    for path in paths:
        path.parent.mkdir(parents=True)
        Image.fromarray(rng.integers(0, 256, (32, 48, 3), dtype=np.uint8)).save(path)
    return paths


def test_clearing_removes_flawflows_files_and_no_other(
    tmp_path: Path, tiny_card: Card, tiny_model: Path, pictures: list[Path]
):
    pytest.importorskip("pyarrow")
    out = tmp_path / "out"
    assert not has_results(out)
    names = {path: f"{path.parent.name}/a.jpg" for path in pictures}
    setting = Setting(verb="inspect", output=out, card=tiny_card, overlay_paths=names)
    files = [kind for kind in kinds("inspect") if "=" not in kind and kind != "folder"]
    sinks = [open_sink(kind, setting) for kind in sorted(files, key=lambda kind: kind != "overlays")]
    with Delivery(sinks) as delivery:
        for result in Run(Inspector.load(tiny_model), model="m", pictures=tmp_path).results(pictures, sinks):
            delivery.deliver(result)
        delivery.finish()
    assert {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()} == {
        "results.jsonl", "results.csv", "results.parquet", "report.html", "drift.json",
        "overlays/good/a.jpg", "overlays/bad/a.jpg",
    }  # fmt: skip
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
