"""Good patches for a model file to keep."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from flawflow.inspection.explain import Explainer
from flawflow.model_file.memory import with_memory
from flawflow.recipe.baseline_options import PadimOptions
from flawflow.recipe.options import CflowOptions
from flawflow.training.detectors.cflow import Cflow
from flawflow.training.detectors.fused_scale import FusedScale
from flawflow.training.detectors.padim import Padim
from flawflow.training.encoder import build_encoder
from flawflow.training.feature_source import FeatureSource
from flawflow.training.model import InspectionModel, build_head
from flawflow.training.onnx_export import check_graph, export_graph
from flawflow.training.remember import mode_vectors, remember
from flawflow.training.unfinished_work import WorkFolder

SHORT = CflowOptions(steps=6, blocks=2, hidden=8, position_channels=8, batch=64)
SIZE = (64, 64)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory, parts: Path) -> FeatureSource:
    return FeatureSource(
        encoder=build_encoder("test_efficientnet", strides=(4, 8, 16), weights="random", size=SIZE),
        pictures=tuple(sorted((parts / "train").rglob("*.png")))[:8],
        size=SIZE,
        seed=5,
        device=torch.device("cpu"),
        work=WorkFolder(tmp_path_factory.mktemp("work"), {}, resume=False),
    )


@pytest.fixture(scope="module")
def detector(source: FeatureSource) -> Cflow:
    made = Cflow(SHORT)
    made.fit(source)
    return made


def test_each_window_has_its_share_of_different_patches(source: FeatureSource, detector: Cflow) -> None:
    _, memory = remember(detector, source, wanted=150)
    # The joined grid is 8 × 8 at stride 8: windows of 2 positions begin at each position but the last.
    assert (memory.size, memory.tops, memory.lefts) == (
        (16, 16),
        tuple(range(0, 49, 8)),
        tuple(range(0, 49, 8)),
    )
    assert len(memory.patches) == 49 * 3
    for window in range(49):
        names = [patch.picture for patch in memory.patches if patch.window == window]
        assert len(names) == len(set(names)) == 3
        assert memory.patches[memory.likeliest[window]].window == window
    assert len(remember(detector, source, wanted=1)[1].patches) == 49
    assert len(remember(detector, source, wanted=10**6)[1].patches) == 49 * 8


@pytest.mark.slow
def test_a_picture_that_is_kept_explains_itself(source: FeatureSource, detector: Cflow) -> None:
    module, memory = remember(detector, source, wanted=10**6)
    head = build_head(detector, source.features, SIZE, source.device)
    model = InspectionModel(source.encoder, detector, head)
    model.patches = module
    assert model.outputs == ("anomaly_map", "pred_score", "whole_evidence", "patch_features")
    graph = export_graph(model, SIZE)
    pictures = _pictures(source)
    check_graph(graph, model, pictures)
    explainer = Explainer(with_memory(graph, memory), memory)
    vectors = explainer._features(pictures[3])
    for window in (0, 24, 48):
        number, distance = memory.nearest(window, vectors[window])
        assert memory.patches[number].picture == source.features.pictures[3].name
        assert distance < 0.01


@torch.inference_mode()
def test_the_mode_is_what_the_flow_maps_to_zero(detector: Cflow) -> None:
    fused = detector.fused[0]
    assert isinstance(fused, FusedScale)
    vectors = mode_vectors(fused)
    unfolded = fused.density.flow.unfolded()  # type: ignore[union-attr, operator]
    u, _ = unfolded.flow(fused.gaussian(vectors[None])[0].double(), unfolded.condition)
    assert float(u.abs().max()) < 1e-3


def test_a_detector_without_flows_keeps_patches_too(source: FeatureSource) -> None:
    padim = Padim(PadimOptions(channels=8))
    padim.fit(source)
    _, memory = remember(padim, source, wanted=98)
    assert (memory.likeliest, len(memory.patches)) == ((), 98)


def _pictures(source: FeatureSource) -> list[NDArray[np.uint8]]:
    from flawflow.images import read_image, resize_image

    return [resize_image(read_image(path), SIZE) for path in source.features.pictures]
