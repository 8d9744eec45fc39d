"""What an exported graph holds."""

import numpy as np
import onnx
import pytest
import torch
from torch import Tensor

from flawflow.errors import TrainingError
from flawflow.learn.detector.cflow import Cflow
from flawflow.learn.detector.density import build_flow
from flawflow.learn.detector.folded import FoldedFlow
from flawflow.learn.detector.measured import DistanceScale
from flawflow.learn.detector.options import CflowOptions
from flawflow.learn.detector.standard import PositionStandard
from flawflow.learn.encoder import build_encoder
from flawflow.learn.export import TOLERANCE, check_graph, export_graph
from flawflow.learn.flow import AffineCoupling, Bijection, Chain, Standardize
from flawflow.learn.flow.folding import AffineFold, Fold
from flawflow.learn.head import Head
from flawflow.learn.model import InspectionModel
from flawflow.learn.position import sine_position

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
        flow = Chain(shrunk, bent(channels), AffineCoupling(channels))
        detector.scales.append(DistanceScale(FoldedFlow(flow, None), torch.zeros(())))
    moments = [(torch.zeros(grid), torch.ones(grid)) for grid in encoder.grids(SIZE)]
    return InspectionModel(encoder, detector, Head(moments, SIZE, detector.aggregation))


def test_a_flow_that_folds_wrong_is_not_exported() -> None:
    pictures = list(np.random.default_rng(0).integers(0, 256, (2, *SIZE, 3), dtype=np.uint8))
    right, wrong = _model(Bent), _model(Lying)
    assert check_graph(export_graph(right, SIZE), right, pictures) < TOLERANCE
    with pytest.raises(TrainingError, match="differs from the trained one"):
        check_graph(export_graph(wrong, SIZE), wrong, pictures)


def test_a_graph_holds_conditions_and_not_their_products() -> None:
    encoder = build_encoder("lite0", strides=(8, 16), weights="random", size=SIZE)
    options = CflowOptions()
    detector = Cflow(options)
    for grid, channels in zip(encoder.grids(SIZE), encoder.channels, strict=True):
        shape = (grid[0] * grid[1], channels)
        standard = PositionStandard(torch.randn(shape), 1 + torch.rand(shape), torch.ones(shape))
        condition = sine_position(*grid, options.position_channels).flatten(1).T.contiguous()
        covariance = torch.eye(channels, dtype=torch.float64)
        flow = build_flow(covariance, options.position_channels, options, seed=0)
        detector.scales.append(DistanceScale(FoldedFlow(flow, condition, standard), torch.zeros(())))
    moments = [(torch.zeros(grid), torch.ones(grid)) for grid in encoder.grids(SIZE)]
    model = InspectionModel(encoder, detector, Head(moments, SIZE, detector.aggregation))
    graph = onnx.load_from_string(export_graph(model, SIZE)).graph
    held = {
        tuple(tensor.dims): tensor.name
        for tensor in graph.initializer
        if not tensor.name.startswith("encoder.")
    }
    assert {(256, 32), (64, 32)} <= set(held)
    assert not {(256, 80), (64, 128), (256, 20), (64, 56)}.intersection(held), held
