"""What a training decides before it begins, and what it refuses."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from flawflow.errors import DatasetError, FlawflowError, TrainingError
from flawflow.judge.interest import from_runs
from flawflow.learn.preset import Preset
from flawflow.learn.setup import Setup, set_up

MakeSetup = Callable[..., Setup]


@pytest.fixture
def make(parts: Path, tiny_preset: Preset) -> MakeSetup:
    """`set_up` for the drawn parts, with a small encoder and all options at their defaults."""

    def make_setup(paths: list[Path] | None = None, **options: Any) -> Setup:
        given: dict[str, Any] = {
            "preset": tiny_preset,
            "detector": "cflow",
            "flow": "realnvp",
            "encoder": "test_efficientnet",
            "weights": "random",
            "size": (64, 64),
            "seed": 0,
            "calibration": "auto",
            "roi": None,
            "ignore": None,
            "device": "cpu",
            "augment": "none",
        }
        return set_up(paths or sorted((parts / "train" / "good").iterdir()), **(given | options))

    return make_setup


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"preset": "quick"}, r"no preset 'quick'; choose one of fast, balanced, accurate, paper"),
        ({"device": "tpu"}, r"no device 'tpu'; choose auto, cpu or cuda"),
        ({"size": (64, 70)}, r"height and width must be multiples of 16"),
        ({"encoder": "lite9"}, r"no encoder named 'lite9'; did you mean"),
        ({"detector": "guess"}, r"no detector 'guess'; choose one of cflow"),
        ({"flow": "maf"}, r"no flow 'maf'; choose one of realnvp"),
        ({"calibration": "none"}, r"no calibration 'none'; choose one of auto"),
        ({"augment": "all"}, r"no augmentation 'all'; choose one of none"),
    ],
)
def test_what_does_not_fit_is_told(options: dict[str, Any], sentence: str, make: MakeSetup) -> None:
    with pytest.raises(FlawflowError, match=sentence):
        make(**options)


def test_too_few_pictures_are_refused(make: MakeSetup, parts: Path) -> None:
    with pytest.raises(DatasetError, match=r"^7 readable good pictures are too few"):
        make(sorted((parts / "train" / "good").iterdir())[:7])


def test_without_cuda_it_cannot_be_asked_for(make: MakeSetup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert make(device="auto").device.type == "cpu"
    with pytest.raises(TrainingError, match=r"No CUDA device .*; choose --device cpu or auto"):
        make(device="cuda")


def test_detector_and_flow_come_into_the_preset(make: MakeSetup) -> None:
    setup = make(preset="fast", detector="uflow", flow="nice")
    assert (setup.detector.name, setup.preset.name) == ("uflow", "fast, flow nice")
    assert setup.encoder.strides == setup.preset.strides


def test_the_encoder_sees_what_counts_alone(make: MakeSetup, tmp_path: Path) -> None:
    assert (make().interest, make().runs, make().encoder.interest) == (None, (), None)
    left = np.zeros((64, 64), np.uint8)
    left[:, :20] = 255
    Image.fromarray(left).save(tmp_path / "left.png")
    setup = make(roi=str(tmp_path / "left.png"))
    assert np.array_equal(setup.interest, left > 0)  # type: ignore[arg-type]
    assert np.array_equal(from_runs(setup.runs, (64, 64)), left > 0)
    assert torch.equal(setup.encoder.interest, torch.from_numpy(left > 0))  # type: ignore[arg-type]


def test_unfinished_work_goes_on_with_the_same_plan_only(
    make: MakeSetup, parts: Path, tmp_path: Path
) -> None:
    plan = make().plan()
    assert make().plan() == plan
    Image.new("L", (64, 64), 1).save(tmp_path / "all.png")
    fewer = sorted((parts / "train" / "good").iterdir())[:-1]
    others: dict[str, Setup] = {
        "preset": make(preset="fast"),
        "detector": make(preset="balanced"),
        "encoder": make(detector="patchcore"),
        "weights": make(seed=1),
        "size": make(size=(64, 32)),
        "views": make(detector="differnet"),
        "seed": make(seed=1),
        "pictures": make(fewer),
        "calibration": make(calibration="split"),
        "interest": make(roi=tmp_path / "all.png"),
    }
    assert others.keys() | {"version"} == plan.keys()
    for name, other in others.items():
        assert other.plan()[name] != plan[name], name
