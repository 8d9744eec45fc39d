"""The default detector: which densities it learns, how its maps count, how long it learns."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from flawflow.progress import Progress
from flawflow.recipe.options import CflowOptions
from flawflow.runtime.engine import OnnxRuntimeEngine
from flawflow.training.detectors.cflow import Cflow
from flawflow.training.detectors.detector import Weights
from flawflow.training.feature_source import FeatureSource
from flawflow.training.model import InspectionModel, build_head
from flawflow.training.onnx_export import TOLERANCE, check_graph, export_graph
from flawflow.training.tiles import TiledInspectionModel

MakeSource = Callable[[Sequence[int]], FeatureSource]
SHORT = CflowOptions(steps=6, blocks=2, hidden=8, position_channels=8, batch=64)
# The grids of pictures of 64 × 64: the scales by themselves, joined (two maps), coarse.
SIDES = {(8,): (8, 8, 8), (8, 16): (8, 8, 4), (8, 16, 32): (8, 4, 4, 2), (4, 8, 16): (16, 8, 8, 4)}
STRIDES = pytest.mark.parametrize("strides", SIDES, ids=str)


def _model(source: FeatureSource, options: CflowOptions) -> InspectionModel:
    detector = Cflow(options)
    detector.fit(source)
    return InspectionModel(
        source.encoder, detector, build_head(detector, source.features, source.size, source.device)
    )


def with_another(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The last picture is unlike the others as a whole."""
    return np.concatenate((pictures[:-1], 255 - pictures[-1:]))


@STRIDES
def test_any_number_of_scales_is_learned_and_exported(
    strides: tuple[int, ...], make_source: MakeSource, part_pictures: NDArray[np.uint8]
) -> None:
    source = make_source(strides)
    pictures = with_another(part_pictures)
    model = _model(source, SHORT)
    assert (len(model.detector.scales), len(model.detector.fused)) == (max(0, len(strides) - 2), 2)  # type: ignore[arg-type]
    with torch.inference_mode():
        pyramid = source.encoder(torch.from_numpy(pictures))
        distances, evidence = model.detector(pyramid), model.detector.evidence(pyramid)
        maps, scores, added = model(torch.from_numpy(pictures))
    assert torch.equal(added, evidence)  # type: ignore[arg-type]
    assert [distance.shape for distance in distances] == [(10, side, side) for side in SIDES[strides]]
    assert all(bool((distance >= 1).all()) for distance in distances)
    # It is seen, so that its export is compared, too.
    assert evidence is not None
    assert float(evidence.max()) > 0
    graph = export_graph(model, source.size)
    found_maps, found_scores, found_evidence = OnnxRuntimeEngine(graph, threads=1).run(pictures)
    size = float(maps.abs().max())
    np.testing.assert_allclose(found_maps, maps.numpy(), atol=TOLERANCE * size)
    np.testing.assert_allclose(found_scores, scores.numpy(), atol=TOLERANCE * size)
    np.testing.assert_allclose(found_evidence, added.numpy(), atol=TOLERANCE * size)
    # Folded or not, it is one function.
    assert check_graph(graph, model, list(pictures[-2:])) < TOLERANCE


def test_joined_scales_judge_the_coarse_map_helps_the_score_and_fine_scales_sharpen() -> None:
    detector = Cflow(replace(SHORT, sharpening=0.3, coarse_weight=0.7))
    expected = Weights((0, 0, 0.5, 0.5, 0), (0, 0, 0.5, 0.5, 0.7), (0.5, 0.5, 0, 0, 0), 0.3)
    assert detector.weights(5) == expected
    assert detector.weights(3) == Weights((0.5, 0.5, 0), (0.5, 0.5, 0.7), (0, 0, 0), 0.3)


def test_the_whole_picture_adds_to_the_score_where_maps_have_units(
    make_source: MakeSource, part_pictures: NDArray[np.uint8]
) -> None:
    source = make_source((4, 8, 16))
    model = _model(source, SHORT)
    assert isinstance(model.detector, Cflow)
    with torch.inference_mode():
        pyramid = source.encoder(torch.from_numpy(with_another(part_pictures)))
        maps, scores = model.measure(pyramid)
        model.detector.whole = None
        other_maps, other_scores = model.measure(pyramid)
    assert torch.equal(maps, other_maps)
    assert bool((scores >= other_scores).all())
    assert bool((scores > other_scores).any())
    detector = Cflow(SHORT)
    detector.aggregation = replace(detector.aggregation, by_position=False)
    detector.fit(source)
    assert detector.evidence(pyramid) is None


def test_the_whole_picture_adds_to_the_score_beside_tiles_too(
    make_source: MakeSource, part_pictures: NDArray[np.uint8]
) -> None:
    model = _model(make_source((8, 16)), SHORT)
    images = torch.from_numpy(with_another(part_pictures))
    with torch.inference_mode():
        assert float(model.detector.evidence(model.encoder(images)).max()) > 0  # type: ignore[arg-type, union-attr]
        found, expected = TiledInspectionModel(model, model)(images), model(images)
    for one, other in zip(found, (*expected, *expected[:2]), strict=True):
        assert torch.equal(one, other)


def test_weights_decide_what_a_model_shows(make_source: MakeSource, part_pictures: NDArray[np.uint8]) -> None:
    model = _model(make_source((4, 8, 16)), SHORT)
    store = make_source((4, 8, 16)).features
    shown = {}
    for sharpening, coarse in ((0.4, 0.5), (0.0, 0.5), (0.4, 0.0)):
        model.detector.options = replace(SHORT, sharpening=sharpening, coarse_weight=coarse)
        model.head = build_head(model.detector, store, (64, 64), torch.device("cpu"))
        with torch.inference_mode():
            shown[sharpening, coarse] = model(torch.from_numpy(part_pictures))
    maps, scores, _ = shown[0.4, 0.5]
    assert not torch.allclose(shown[0.0, 0.5][0], maps, atol=1e-2)
    assert torch.equal(shown[0.0, 0.5][1], scores)
    assert torch.equal(shown[0.4, 0.0][0], maps)
    assert not torch.allclose(shown[0.4, 0.0][1], scores, atol=1e-2)


@pytest.mark.parametrize(("steps", "expected"), [(12, 12), (1000, 30)])
def test_few_pictures_are_not_learned_by_heart(make_source: MakeSource, steps: int, expected: int) -> None:
    told: list[Progress] = []
    source = replace(make_source((4, 8, 16)), on_progress=told.append)
    count = len(source.features.pictures)
    options = CflowOptions(steps=steps, steps_per_picture=30 // count, blocks=1, hidden=4, batch=16)
    Cflow(options).fit(source)
    last = [progress for progress in told if progress.stage == "Flows"][-1]
    assert last.done == last.total == 2 * expected
