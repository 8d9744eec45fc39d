"""Regions of interest: what lies outside changes nothing, whatever the detector."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image
from scipy.ndimage import distance_transform_edt

from flawflow import Inspector
from flawflow.decision.roi import decode_run_lengths, encode_run_lengths
from flawflow.errors import ImageError, ModelFileError, TrainingError
from flawflow.images import read_image, resize_mask
from flawflow.model_file import read_model, write_model
from flawflow.model_file.card import Card
from flawflow.recipe.baseline_options import NEAREST, POOLED, PaperOptions, SpadeOptions
from flawflow.recipe.options import CflowOptions
from flawflow.recipe.related_options import CutPasteOptions, DfrOptions
from flawflow.runtime.engine import OnnxRuntimeEngine
from flawflow.training.detectors.cflow import Cflow
from flawflow.training.detectors.cutpaste import CutPaste
from flawflow.training.detectors.detector import Detector
from flawflow.training.detectors.dfr import Dfr
from flawflow.training.detectors.differnet import Differnet
from flawflow.training.detectors.mahalanobis import Mahalanobis
from flawflow.training.detectors.padim import Padim
from flawflow.training.detectors.paper_cflow import PaperCflow
from flawflow.training.detectors.patchcore import Patchcore
from flawflow.training.detectors.spade import Spade
from flawflow.training.encoder import build_encoder
from flawflow.training.feature_source import FeatureSource
from flawflow.training.model import InspectionModel, build_head
from flawflow.training.roi import nearest_inside, read_roi_mask, roi_cells
from flawflow.training.unfinished_work import WorkFolder

SIZE = (64, 64)
# Left of the middle, with a hole: its edges are not those of the coarser maps.
ROI_MASK = np.zeros(SIZE, np.bool_)
ROI_MASK[5:50, 3:39] = True
ROI_MASK[20:30, 10:21] = False

SMALL = CflowOptions(steps=8, blocks=2, hidden=16, position_channels=8, batch=64)
DETECTORS: dict[str, Callable[[], Detector]] = {
    "cflow": lambda: Cflow(SMALL),
    "uflow": lambda: Cflow(replace(SMALL, position_channels=0, position_statistics=False)),
    "paper": lambda: PaperCflow(PaperOptions(passes=1)),
    "padim": Padim,
    "padim-pooled": lambda: Padim(POOLED),
    "patchcore": Patchcore,
    "knn": lambda: Patchcore(NEAREST),
    "cutpaste": lambda: CutPaste(CutPasteOptions(places=True, steps=8)),
    "dfr": lambda: Dfr(DfrOptions(steps=8)),
    "spade": lambda: Spade(SpadeOptions(neighbours=3)),
    "mahalanobis": Mahalanobis,
    "differnet": lambda: Differnet(replace(SMALL, position_channels=0, position_statistics=False)),
}
# A scale by itself, too.
STRIDES = {"cflow": (4, 8, 16), "uflow": (4, 8, 16)}


@pytest.fixture
def source(name: str, parts: Path, tmp_path: Path) -> FeatureSource:
    strides = STRIDES.get(name, (8, 16))
    encoder = build_encoder("test_efficientnet", strides=strides, weights="random", size=SIZE)
    encoder.roi_mask = torch.from_numpy(ROI_MASK)
    return FeatureSource(
        encoder=encoder,
        pictures=tuple(sorted((parts / "train" / "good").iterdir())),
        size=SIZE,
        seed=0,
        device=torch.device("cpu"),
        work=WorkFolder(tmp_path / "work", {}, resume=False),
    )


def changed_outside(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    noise = rng.integers(0, 256, picture.shape, dtype=np.uint8)
    return np.where(ROI_MASK[..., None], picture, noise)


@pytest.mark.parametrize("name", DETECTORS)
def test_what_lies_outside_changes_nothing(
    name: str, source: FeatureSource, rng: np.random.Generator
) -> None:
    detector = DETECTORS[name]()
    detector.fit(source)
    detector.requires_grad_(False).eval()
    head = build_head(detector, source.features, SIZE, source.device)
    model = InspectionModel(source.encoder, detector, head)
    pictures = np.stack([read_image(path) for path in source.pictures[:4]])
    # A defect in a corner that counts, so that the maps are not those of good pictures alone.
    pictures[2:, 8:14, 5:12] = 255
    with torch.inference_mode():
        found = [out.numpy() for out in model(torch.from_numpy(pictures))]
        other = torch.from_numpy(np.stack([changed_outside(picture, rng) for picture in pictures]))
        others = [out.numpy() for out in model(other)]
    assert all(np.array_equal(one, other) for one, other in zip(found, others, strict=True))
    for anomaly_map, score in zip(*found[:2], strict=True):
        inside = np.sort(anomaly_map[ROI_MASK])
        assert (anomaly_map[~ROI_MASK] == inside[0]).all()
        if detector.aggregation.on_grid:
            continue
        tail = max(1, round(detector.aggregation.tail * len(inside)))
        np.testing.assert_allclose(score, inside[-tail:].mean(), rtol=1e-5)


@pytest.mark.parametrize("name", ["cflow", "uflow", "patchcore", "knn", "spade"])
def test_vectors_from_outside_are_not_learned(name: str, source: FeatureSource, tmp_path: Path) -> None:
    """With other features outside, which no picture could bring about, the same is learned."""
    store = source.features
    maps = []
    for k, scale in enumerate(store.maps):
        # Patches are averaged over their neighbours, so the outermost ring of positions must stay.
        outside = ~roi_cells(store.roi_mask, store.grids[k])
        if name in STRIDES and k:
            # These are joined, and so coarse that all are neighbours: `test_joined_scale` has larger ones.
            outside[:] = False
        if name in ("patchcore", "knn", "spade"):
            outside = ~(torch.nn.functional.max_pool2d((~outside)[None].float(), 3, 1, 1)[0] > 0)
        changed = scale.clone()
        changed[:, outside.flatten()] = 50.0
        maps.append(changed)
    assert not all(torch.equal(one, two) for one, two in zip(maps, store.maps, strict=True))
    learned = []
    for part in (store, replace(store, maps=tuple(maps))):
        detector = DETECTORS[name]()
        work = WorkFolder(tmp_path / str(len(learned)), {}, resume=False)
        detector.fit(replace(source, store=part, work=work))
        learned.append(detector.state_dict())
    skipped = {"pooled"}
    assert learned[0].keys() == learned[1].keys()
    for key, tensor in learned[0].items():
        assert key in skipped or torch.equal(tensor, learned[1][key]), key


def test_a_model_file_honours_the_masks_by_itself(
    learn: Callable[..., Any], parts: Path, tmp_path: Path, rng: np.random.Generator
) -> None:
    roi, ignore = np.zeros(SIZE, np.uint8), np.zeros(SIZE, np.uint8)
    roi[5:50, 3:39], ignore[20:30, 10:21] = 255, 1
    Image.fromarray(roi).save(tmp_path / "roi.png")
    Image.fromarray(ignore).save(tmp_path / "ignore.png")
    masks = {"roi": tmp_path / "roi.png", "ignore": str(tmp_path / "ignore.png")}
    result = learn(tmp_path / "a.flaw", changes=masks)
    assert np.array_equal(decode_run_lengths(result.card.roi_run_lengths, SIZE), ROI_MASK)
    inspector = Inspector.load(result.model)
    assert np.array_equal(inspector.roi_mask, ROI_MASK)
    for path in sorted((parts / "test").rglob("*.png")):
        picture = read_image(path)
        one, other = (inspector.inspect(shown) for shown in (picture, changed_outside(picture, rng)))
        assert (one.score, one.p_value, one.verdict) == (other.score, other.p_value, other.verdict)
        assert np.array_equal(one.graph_map, other.graph_map)
        assert one.regions == other.regions
        for region in one.regions:
            left, top, right, bottom = region.box
            assert ROI_MASK[top:bottom, left:right].any()
    # What counts is not lost: a mark inside stands out.
    marked = picture.copy()
    marked[8:18, 8:18] = (255, 0, 255)
    assert inspector.inspect(marked).score > inspector.inspect(picture).score
    # Larger pictures too, but for what the filter of the resizing mixes at the mask's edge.
    large = np.asarray(Image.fromarray(picture).resize((256, 320)))
    far = distance_transform_edt(~ROI_MASK) > 4
    noise = rng.integers(0, 256, large.shape, dtype=np.uint8)
    elsewhere = np.where(resize_mask(far, (320, 256))[..., None], noise, large)
    assert inspector.inspect(large).score == inspector.inspect(elsewhere).score
    engine = OnnxRuntimeEngine(read_model(result.model).graph)
    assert engine.run(picture[None])[1][0] == pytest.approx(inspector.inspect(picture).score)


@given(hnp.arrays(np.bool_, (16, 24)).filter(np.any), st.sampled_from([(16, 24), (8, 12), (4, 3), (1, 1)]))
def test_a_position_counts_when_a_pixel_of_it_does(mask: np.ndarray, grid: tuple[int, int]) -> None:
    height, width = grid
    blocks = mask.reshape(height, 16 // height, width, 24 // width)
    assert np.array_equal(roi_cells(torch.from_numpy(mask), grid).numpy(), blocks.any(axis=(1, 3)))


@given(hnp.arrays(np.bool_, (7, 9)).filter(np.any))
def test_the_nearest_inside(mask: np.ndarray) -> None:
    found = nearest_inside(torch.from_numpy(mask)).numpy()
    rows, columns = np.divmod(found, 9)
    assert mask[rows, columns].all()
    own_rows, own_columns = np.divmod(np.arange(63), 9)
    distance = np.hypot(rows - own_rows, columns - own_columns)
    np.testing.assert_allclose(distance, distance_transform_edt(~mask).ravel(), atol=1e-6)


@pytest.fixture
def masks(tmp_path: Path) -> dict[str, Path]:
    left, all_black = np.zeros((40, 80), np.uint8), np.zeros((40, 80), np.uint8)
    left[:, :40] = 255
    for name, mask in (("left", left), ("black", all_black), ("tall", left.T)):
        Image.fromarray(mask).save(tmp_path / f"{name}.png")
    return {name: tmp_path / f"{name}.png" for name in ("left", "black", "tall", "missing")}


def test_masks_are_read_at_the_models_size(masks: dict[str, Path]) -> None:
    assert read_roi_mask(None, None, (8, 8), (40, 80)) is None
    roi = read_roi_mask(masks["left"], None, (8, 8), (80, 160))
    ignored = read_roi_mask(None, masks["left"], (8, 8), (40, 80))
    assert roi is not None
    assert ignored is not None
    assert roi[:, :4].all()
    assert not roi[:, 4:].any()
    assert np.array_equal(ignored, ~roi)


def test_a_models_mask_is_taken_at_any_size(tmp_path: Path, tiny_graph: bytes, tiny_card: Card) -> None:
    upper = np.arange(32 * 32).reshape(32, 32) < 512
    write_model(
        tmp_path / "upper.flaw", tiny_graph, replace(tiny_card, roi_run_lengths=encode_run_lengths(upper))
    )
    write_model(tmp_path / "all.flaw", tiny_graph, tiny_card)
    for size in ((32, 32), (8, 24)):
        roi = read_roi_mask(tmp_path / "upper.flaw", None, size, (40, 80))
        assert np.array_equal(roi, np.broadcast_to(np.arange(size[0])[:, None] < size[0] // 2, size))
        everything = read_roi_mask(tmp_path / "all.flaw", None, size, (40, 80))
        assert np.array_equal(everything, np.ones(size, np.bool_))
    with pytest.raises(ModelFileError, match=r"missing\.flaw"):
        read_roi_mask(tmp_path / "missing.flaw", None, (8, 8), (40, 80))


def test_masks_that_make_no_sense_are_told(masks: dict[str, Path]) -> None:
    for roi, ignore in ((masks["black"], None), (masks["left"], masks["left"])):
        with pytest.raises(TrainingError, match=r"leave nothing to inspect: --roi keeps what"):
            read_roi_mask(roi, ignore, (8, 8), (40, 80))
    with pytest.raises(TrainingError, match=r"tall.png has 40 × 80 pixels, another shape than .* 80 × 40"):
        read_roi_mask(masks["tall"], None, (8, 8), (40, 80))
    with pytest.raises(ImageError, match=r"missing\.png"):
        read_roi_mask(None, masks["missing"], (8, 8), (40, 80))


def test_a_wrong_mask_is_told_before_any_work(learn: Callable[..., Any], tmp_path: Path) -> None:
    Image.new("L", (64, 32), 255).save(tmp_path / "wide.png")
    with pytest.raises(TrainingError, match="another shape"):
        learn(tmp_path / "a.flaw", changes={"roi": tmp_path / "wide.png"})
    assert [path.name for path in tmp_path.iterdir()] == ["wide.png"]
