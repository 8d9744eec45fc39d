from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flawflow.training.toy import __main__ as command
from flawflow.training.toy.figure import DEFECT, FOOT, GOOD, HEAD, PANEL, draw_figure
from flawflow.training.toy.learning import fit_toy


@pytest.fixture(scope="module")
def figure() -> Image.Image:
    return draw_figure(fit_toy(steps=5))


def test_every_panel_is_drawn(figure: Image.Image) -> None:
    assert figure.mode == "RGB"
    assert figure.height == HEAD + PANEL + FOOT
    pixels = np.array(figure)
    quarters = np.array_split(pixels, 4, axis=1)
    holds_good, holds_defect = (
        [bool((quarter == colour).all(axis=2).any()) for quarter in quarters] for colour in (GOOD, DEFECT)
    )
    assert holds_good[0], "the peak of the true density has the full colour"
    assert holds_good[2:] == holds_defect[2:] == [True, True]
    assert holds_defect[:2] == [False, False]


def test_the_command_writes_a_png(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figure: Image.Image
) -> None:
    monkeypatch.setattr(command, "fit_toy", lambda: None)
    monkeypatch.setattr(command, "draw_figure", lambda toy: figure)
    command.main(["-o", str(tmp_path / "new" / "figure.png")])
    with Image.open(tmp_path / "new" / "figure.png") as written:
        assert written.format == "PNG"
        assert written.size == figure.size


def test_another_format_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        command.main(["-o", str(tmp_path / "figure.svg")])
    assert caught.value.code == 2
    assert "ends in .png" in capsys.readouterr().err
