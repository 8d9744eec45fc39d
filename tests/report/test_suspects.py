import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flawflow.report.suspects import write_suspects


@dataclass(frozen=True)
class Odd:
    path: Path
    score: float = 9.0
    limit: float = 6.0
    reason: str = "unlike the others"
    colormap_range: tuple[float, float] = (1.0, 11.0)
    anomaly_map: np.ndarray = field(default_factory=lambda: np.pad(np.full((8, 8), 9.0, np.float32), (0, 24)))


@pytest.fixture
def odd(tmp_path: Path) -> list[Odd]:
    (tmp_path / "good").mkdir()
    for name in ("a.png", "b.png"):
        Image.new("RGB", (64, 48), (90, 90, 90)).save(tmp_path / "good" / name)
    return [Odd(tmp_path / "good" / name) for name in ("b.png", "a.png")]


def test_each_has_a_record_and_an_overlay(odd: list[Odd], tmp_path: Path):
    folder = write_suspects(tmp_path / "part.flaw", odd, excluded=True)
    assert folder == tmp_path / "part.flaw.suspects"
    records = json.loads((folder / "suspects.json").read_text("utf-8"))
    assert [record["path"] for record in records] == [str(one.path) for one in odd]
    assert records[0] | {"path": ""} == {
        "path": "", "score": 9.0, "limit": 6.0, "reason": "unlike the others", "excluded": True,
        "overlay": "b.jpg",
    }  # fmt: skip
    drawn = np.asarray(Image.open(folder / "b.jpg")).astype(int)
    assert drawn.shape == (48, 64, 3)
    assert drawn[4, 4, 0] - drawn[4, 4, 2] > 40, "hot"
    assert abs(drawn[-4, -4] - 90).max() < 6, "calm"


def test_those_of_an_earlier_training_go(odd: list[Odd], tmp_path: Path):
    folder = write_suspects(tmp_path / "part.flaw", odd, excluded=False)
    assert write_suspects(tmp_path / "part.flaw", odd[:1], excluded=False) == folder
    assert {path.name for path in folder.iterdir()} == {"b.jpg", "suspects.json"}
    assert write_suspects(tmp_path / "part.flaw", [], excluded=False) is None
    assert not folder.exists()


def test_a_folder_of_the_user_stays(odd: list[Odd], tmp_path: Path):
    mine = tmp_path / "part.flaw.suspects" / "notes.txt"
    mine.parent.mkdir()
    mine.write_text("mine")
    assert write_suspects(tmp_path / "part.flaw", [], excluded=False) is None
    assert mine.read_text() == "mine"


def test_a_picture_that_is_gone_has_no_overlay(odd: list[Odd], tmp_path: Path):
    odd[0].path.unlink()
    folder = write_suspects(tmp_path / "part.flaw", odd, excluded=False)
    records = json.loads((folder / "suspects.json").read_text("utf-8"))
    assert [record["overlay"] for record in records] == [None, "a.jpg"]
