"""What an exported graph holds."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor

from flawflow.errors import TrainingError
from flawflow.model_file import read_model
from flawflow.recipe.options import CflowOptions
from flawflow.training.detectors.anomaly_score import DistanceScale
from flawflow.training.detectors.cflow import Cflow
from flawflow.training.detectors.folded import FoldedFlow
from flawflow.training.encoder import build_encoder
from flawflow.training.flows import (
    Affine,
    Autoregressive,
    Bijection,
    Chain,
    Coupling,
    LogisticMixture,
    MonotoneNetwork,
    Spline,
    Standardize,
)
from flawflow.training.flows.folding import AffineFold, Fold
from flawflow.training.head import Head
from flawflow.training.model import InspectionModel
from flawflow.training.onnx_export import OPSET, TOLERANCE, check_graph, export_graph

SIZE = (128, 128)


class Bent(Bijection):
    """Neither affine nor a coupling block."""

    def _forward(self, x: Tensor, _condition: Tensor | None) -> tuple[Tensor, Tensor]:
        return x.sinh(), x.cosh().log().sum(dim=1)

    def _inverse(self, y: Tensor, _condition: Tensor | None) -> Tensor:
        return y.asinh()


class Lying(Bent):
    def fold(self) -> list[Fold]:
        return [AffineFold.of(self)]


def _model(bent: type[Bijection]) -> InspectionModel:
    encoder = build_encoder("lite0", strides=(8, 16), weights="random", size=SIZE)
    detector = Cflow(CflowOptions())
    for channels in encoder.channels:
        shrunk = Standardize(torch.zeros(channels), torch.full((channels,), 5.0))
        flow = Chain(shrunk, bent(channels), Coupling(Affine(), channels))
        detector.scales.append(DistanceScale(FoldedFlow(flow, None), torch.zeros(())))
    moments = [(torch.zeros(grid), torch.ones(grid)) for grid in encoder.grids(SIZE)]
    return InspectionModel(encoder, detector, Head(moments, SIZE, detector.aggregation))


def test_a_flow_that_folds_wrong_is_not_exported() -> None:
    pictures = list(np.random.default_rng(0).integers(0, 256, (2, *SIZE, 3), dtype=np.uint8))
    right, wrong = _model(Bent), _model(Lying)
    assert check_graph(export_graph(right, SIZE), right, pictures) < TOLERANCE
    with pytest.raises(TrainingError, match="differs from the trained one"):
        check_graph(export_graph(wrong, SIZE), wrong, pictures)


def test_blocks_that_do_not_fold_are_exported_as_they_are(tmp_path: Path) -> None:
    steered = (
        Coupling(Spline(), 4, 2, hidden=8),
        Coupling(LogisticMixture(3), 4, 2, hidden=8),
        Autoregressive(MonotoneNetwork(3), 4, 2, hidden=8),
    )
    folded = FoldedFlow(steered, torch.randn(9, 2)).eval()
    vectors = 2 * torch.randn(3, 9, 4)
    batch = {"vectors": {0: torch.export.Dim("batch")}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            folded, (vectors[:2],), tmp_path / "flow.onnx", dynamo=True, opset_version=OPSET,
            dynamic_shapes=batch, verbose=False,
        )  # fmt: skip
    session = onnxruntime.InferenceSession(tmp_path / "flow.onnx")
    (found,) = session.run(None, {"vectors": vectors.numpy()})
    expected = folded.unfolded()(vectors).detach()
    torch.testing.assert_close(torch.from_numpy(found), expected, rtol=1e-5, atol=1e-4)


def test_a_graph_holds_conditions_and_not_their_products(trained: Callable[..., Any]) -> None:
    made = trained("96x96", changes={"size": (96, 96)})
    graph = onnx.load_from_string(read_model(made.result.model).graph).graph
    held = {
        tuple(tensor.dims): tensor.name
        for tensor in graph.initializer
        if not tensor.name.startswith("encoder.")
    }
    # 24 × 24 positions of a scale by itself, 12 × 12 of joined scales: 8 channels of the condition, 16 hidden
    # units.
    assert {(576, 8), (144, 8)} <= set(held)
    assert not {(576, 16), (144, 16)}.intersection(held), held
