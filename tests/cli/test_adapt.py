import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flawflow.inspection.light import measure_light
from flawflow.model_file import read_model, replace_card

_NO_TORCH = (
    "import sys; from flawflow.cli import main; main(sys.argv[1:], standalone_mode=False);"
    "assert not {'torch', 'onnx'} & sys.modules.keys()"
)


@pytest.fixture
def lit_model(tiny_model: Path, rng: np.random.Generator) -> Path:
    """The tiny model with the light that grey pictures of all levels were taken in."""
    grey = [rng.integers(60, 120, (32, 32, 1)).astype(np.uint8).repeat(3, axis=2) for _ in range(12)]
    card = dataclasses.replace(read_model(tiny_model).card, light=measure_light(grey))
    replace_card(tiny_model, tiny_model, card)
    return tiny_model


@pytest.fixture
def new_light(tmp_path: Path, rng: np.random.Generator) -> Path:
    folder = tmp_path / "new"
    folder.mkdir()
    for number in range(10):
        levels = rng.integers(60, 120, (40, 40, 1)) * np.array((0.9, 0.7, 0.6))
        Image.fromarray(levels.astype(np.uint8)).save(folder / f"{number}.png")
    return folder


def test_a_model_is_adapted_and_says_by_what(flawflow, lit_model: Path, new_light: Path, tmp_path: Path):
    output = tmp_path / "adapted.flaw"
    result = flawflow("adapt", lit_model, new_light, "-o", output)
    assert result.exit_code == 0, result.output
    assert "adapted by 5 good pictures and calibrated by 5 others." in result.stdout
    assert "16.7 %" in result.stdout or "17 %" in result.stdout
    adaptation = read_model(output).card.adaptation
    assert adaptation is not None
    assert adaptation.model_sha256 == read_model(lit_model).sha256


def test_what_cannot_be_read_is_left_out_and_named(
    flawflow, lit_model: Path, new_light: Path, tmp_path: Path
):
    (new_light / "3.png").write_bytes(b"no picture")
    result = flawflow("adapt", lit_model, new_light, "-o", tmp_path / "adapted.flaw")
    assert result.exit_code == 3
    assert "3.png" in result.stderr


@pytest.mark.parametrize(
    ("keep", "said"), [(4, "takes 8 good pictures or more"), (10, "exists: choose another name")]
)
def test_a_refusal_is_one_sentence_and_writes_nothing(
    flawflow, lit_model: Path, new_light: Path, tmp_path: Path, keep: int, said: str
):
    for path in sorted(new_light.iterdir())[keep:]:
        path.unlink()
    output = tmp_path / "adapted.flaw"
    if keep == 10:
        output.write_bytes(b"there")
    result = flawflow("adapt", lit_model, new_light, "-o", output)
    assert result.exit_code == 2
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert (output.read_bytes() if output.exists() else b"there") == b"there"


def test_a_model_without_its_light_is_named(flawflow, tiny_model: Path, new_light: Path, tmp_path: Path):
    result = flawflow("adapt", tiny_model, new_light, "-o", tmp_path / "adapted.flaw")
    assert result.exit_code == 2
    assert f"{tiny_model}: the model does not know the light" in result.stderr


def test_adapting_imports_neither_torch_nor_onnx(lit_model: Path, new_light: Path, tmp_path: Path):
    arguments = ["adapt", str(lit_model), str(new_light), "-o", str(tmp_path / "adapted.flaw")]
    done = subprocess.run(
        [sys.executable, "-c", _NO_TORCH, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
