"""Many products to one file, one more added, and pictures inspected by it: real trainings."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from PIL import Image

from flawflow.images import read_image
from flawflow.model_file import read_joint, read_model
from flawflow.synthetic import draw_parts

PLAN = """
[defaults]
preset = "fast"
encoder = "test_efficientnet"
weights = "random"
size = 64
calibration = "split"
[defaults.detector]
steps = 20
hidden = 16
position_channels = 8
[products]
gears = "gears"
dark = "dark"
"""


def _darken(folder: Path) -> None:
    for path in folder.rglob("*.png"):
        if "mask" not in path.name:
            Image.fromarray(read_image(path) // 3).save(path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plant")
    for seed, name in enumerate(("gears", "dark", "more")):
        draw_parts(folder / name, train=10, test=3, size=64, seed=seed)
    _darken(folder / "dark")
    for path in (folder / "more").rglob("*.png"):
        if "mask" not in path.name:
            Image.fromarray(np.ascontiguousarray(255 - read_image(path))).save(path)
    (folder / "plan.toml").write_text(PLAN, "utf-8")
    return folder


@pytest.mark.slow
def test_a_plant_in_one_file(folder: Path, flawflow) -> None:
    plant, more = folder / "plant.flaw", folder / "plant2.flaw"
    train = (
        "fleet",
        "train",
        folder / "plan.toml",
        "--joint",
        "-o",
        plant,
        "--on",
        "inline",
        "--device",
        "cpu",
    )
    first: Result = flawflow(*train)
    assert first.exit_code == 0, first.output
    assert "2 products, " in first.output
    assert "--product auto takes 0 of 4 good pictures" in first.output
    assert read_joint(plant).names == ("gears", "dark")
    before = plant.read_bytes()
    again = flawflow(*train)
    assert again.exit_code == 0
    assert "trained in" not in again.output
    assert plant.read_bytes() == before
    by_itself = read_model(folder / "plant.flaw.fleet" / "gears.flaw")
    assert read_model(Path(f"{plant}#gears")).card == by_itself.card
    # As single files they take most for what is there once here.
    assert plant.stat().st_size < 0.75 * 2 * len(by_itself.graph)

    add = ("fleet", "add", plant, "more", folder / "more", "-o", more, "--device", "cpu", "--compare")
    added: Result = flawflow(*add)
    assert added.exit_code == 0, added.output
    assert "image AUROC" in added.output
    assert "takes 0 of 6 good pictures" in added.output
    assert not (folder / "plant2.flaw.adding").exists()
    one, other = read_joint(plant), read_joint(more)
    assert other.names == ("gears", "dark", "more")
    for name in one.names:
        assert one.model(name) == other.model(name)

    pictures = [folder / name / "test" / "good" for name in ("gears", "dark", "more")]
    found: Result = flawflow("inspect", more, *pictures, "-o", folder / "out", "--product", "auto")
    assert found.exit_code == 0, found.output
    listed = (folder / "out" / "products.csv").read_text("utf-8").splitlines()[1:]
    assert len(listed) == 9
    assert all(Path(path).parts[-4] == name for path, name in (line.split(",") for line in listed))
    refused: Result = flawflow("inspect", more, *pictures, "-o", folder / "out", "--product", "auto")
    assert refused.exit_code == 2
    assert "holds results of an earlier inspection" in refused.output
    for name in other.names:
        assert len((folder / "out" / name / "results.csv").read_text("utf-8").splitlines()) == 1 + 3
