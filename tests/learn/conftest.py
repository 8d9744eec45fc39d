"""Drawn parts, presets that learn in a moment, and models that they made."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from torch import Tensor

import flawflow.learn.train as train_module
from flawflow.learn.detector import Cflow, PaperCflow
from flawflow.learn.detector.options import CflowOptions
from flawflow.learn.detector.paper_cflow import PaperOptions
from flawflow.learn.model import InspectionModel
from flawflow.learn.preset import PRESETS, Preset
from flawflow.learn.train import TrainingResult, train
from flawflow.synthetic import draw_parts

Learn = Callable[..., TrainingResult]


@pytest.fixture(scope="session")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn parts of 64 × 64: twelve to learn from, two good ones and two of each defect to test with."""
    folder = tmp_path_factory.mktemp("drawn") / "parts"
    draw_parts(folder, train=12, test=2, size=64)
    return folder


@pytest.fixture(scope="session")
def tiny_preset() -> Preset:
    """The default detector, small: 40 steps a scale."""
    options = CflowOptions(steps=40, blocks=2, hidden=16, position_channels=8, batch=128)
    return Preset(name="tiny", strides=(4, 8, 16), detector=lambda: Cflow(options))


@pytest.fixture(scope="session")
def tiny_paper_preset() -> Preset:
    """The paper's recipe for three passes."""
    return dataclasses.replace(PRESETS["paper"], detector=lambda: PaperCflow(PaperOptions(passes=3)))


@pytest.fixture(scope="session")
def learn(parts: Path, tiny_preset: Preset) -> Learn:
    """`train`, with a small encoder of random weights, small pictures and the tiny preset."""

    def learn_from_parts(output: Path, **options: Any) -> TrainingResult:
        given = {
            "data": parts,
            "preset": tiny_preset,
            "encoder": "test_efficientnet",
            "weights": "random",
            "size": (64, 64),
            "device": "cpu",
            "calibration": "split",
        } | options
        return train(given.pop("data"), output, **given)

    return learn_from_parts


class _Learned(Exception):  # noqa: N818 what it carries is no error
    pass


@pytest.fixture(scope="session")
def learn_weights(learn: Learn) -> Callable[..., dict[str, Tensor]]:
    """Train, but leave the export out, which takes longer than all the rest; gives all learned numbers."""

    def stop(model: InspectionModel, size: tuple[int, int]) -> bytes:
        tensors = model.detector.state_dict() | model.head.state_dict()
        raise _Learned({name: tensor.clone() for name, tensor in tensors.items()})

    def learn_without_export(output: Path, **options: Any) -> dict[str, Tensor]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(train_module, "export_graph", stop)
            with pytest.raises(_Learned) as caught:
                learn(output, **options)
        weights: dict[str, Tensor] = caught.value.args[0]
        return weights

    return learn_without_export


@dataclasses.dataclass(frozen=True)
class Trained:
    """A model file and the module that it was exported from."""

    result: TrainingResult
    model: InspectionModel


@pytest.fixture(scope="session")
def trained(learn: Learn, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Trained]:
    """Train once for each name; gives the same training again afterwards."""
    made: dict[str, Trained] = {}

    def trained_as(name: str, **options: Any) -> Trained:
        if name not in made:
            kept: list[InspectionModel] = []
            with pytest.MonkeyPatch.context() as patch:
                export = train_module.export_graph

                def keep(model: InspectionModel, size: tuple[int, int]) -> bytes:
                    kept.append(model)
                    return export(model, size)

                patch.setattr(train_module, "export_graph", keep)
                result = learn(tmp_path_factory.mktemp("models") / f"{name}.flaw", **options)
            made[name] = Trained(result, kept[0])
        return made[name]

    return trained_as
