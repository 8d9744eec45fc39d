"""Every detector keeps the contract, and is found by its name."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from flawflow.errors import RecipeError
from flawflow.recipe import registry
from flawflow.recipe.registry import DETECTORS, DetectorKind, detector_kind, detector_names
from flawflow.runtime.engine import OnnxRuntimeEngine
from flawflow.training.fit import fit_detector
from flawflow.training.onnx_export import TOLERANCE, export_graph

SHORT = {
    "steps": 4,
    "batch": 16,
    "hidden": 16,
    "blocks": 2,
    "width": 8,
    "side": 32,
    "restarts": 1,
    "students": 2,
}
# The paper's blocks take the exporter long; `test_laws` has them.
QUICK = {name: kind for name, kind in DETECTORS.items() if name != "paper-cflow"}


def quick(kind: DetectorKind):
    return kind.make({name: value for name, value in SHORT.items() if name in kind.default_options()})


# Each is exported, which takes seconds: of those that learn by plain gradient steps one is for every day.
LATE = {"stfpm", "students", "patch-svdd", "cutpaste", "cutpaste-places", "vae", "f-anogan", "napoletano"}
CONTRACT = [
    pytest.param(name, kind, marks=pytest.mark.slow if name in LATE else ()) for name, kind in QUICK.items()
]


@pytest.mark.parametrize(("name", "kind"), CONTRACT)
def test_a_detector_keeps_the_contract(name: str, kind: DetectorKind, make_source, part_pictures):
    source = make_source(kind.strides)
    model = fit_detector(source, quick(kind))
    flat = np.stack([np.zeros_like(part_pictures[0]), np.full_like(part_pictures[0], 255)])
    pictures = np.concatenate((part_pictures[:2], flat, part_pictures[2:3, ::-1]))
    with torch.inference_mode():
        maps, scores, *_ = model(torch.from_numpy(pictures))
        alone = [model(torch.from_numpy(picture[None])) for picture in pictures]
    assert maps.shape == (5, 64, 64)
    assert bool(torch.isfinite(maps).all())
    assert bool(torch.isfinite(scores).all())
    # A score belongs to its picture.
    size = float(maps.abs().max())
    torch.testing.assert_close(torch.cat([one[0] for one in alone]), maps, atol=1e-4 * size, rtol=1e-4)
    torch.testing.assert_close(torch.cat([one[1] for one in alone]), scores, atol=1e-4 * size, rtol=1e-4)
    # A place is told by a map that is not constant.
    assert kind.localises == bool(maps[4].std() > 1e-3 * maps[4].abs().max())
    # What is inspected is what was learned.
    found_maps, found_scores, *_ = OnnxRuntimeEngine(export_graph(model, (64, 64)), threads=1).run(pictures)
    np.testing.assert_allclose(found_maps, maps.numpy(), atol=TOLERANCE * size)
    np.testing.assert_allclose(found_scores, scores.numpy(), atol=TOLERANCE * size)


def test_uflow_knows_no_position(make_source, part_pictures):
    kind = DETECTORS["uflow"]
    source = make_source(kind.strides)
    detector = quick(kind)
    detector.fit(source)
    with torch.inference_mode():
        pyramid = source.encoder(torch.from_numpy(part_pictures[:1]))
        plain = detector(pyramid)
        mirrored = detector([features.flip(2) for features in pyramid])
    for a, b in zip(plain, mirrored, strict=True):
        torch.testing.assert_close(a.flip(1), b, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("kind", DETECTORS.values(), ids=DETECTORS)
def test_what_is_known_of_a_detector_is_what_it_does(kind: DetectorKind):
    detector = kind.make({})
    assert detector.options == kind.options
    assert detector.aggregation == kind.aggregation


def test_an_option_reaches_the_detector():
    assert DETECTORS["cflow"].make({"blocks": 7}).options == replace(DETECTORS["cflow"].options, blocks=7)


def test_rivals_in_their_strongest_form_join_strides_8_and_16():
    for name in ("padim-pooled", "knn"):
        kind = DETECTORS[name]
        assert kind.strides == (8, 16)
        assert (kind.options.pooling, kind.options.interpolation) == ("inner", "bilinear")
        assert (kind.options.standardised, kind.options.channels) == (True, None)


def test_an_unknown_detector_is_named():
    with pytest.raises(RecipeError, match="no detector 'efficient'; choose one of cflow, uflow"):
        detector_kind("efficient")


_PACKAGE = """
from dataclasses import dataclass
from flawflow.recipe.registry import DetectorKind

@dataclass(frozen=True, kw_only=True)
class Options:
    power: float = 2.0

BLANK = DetectorKind(home="blank_detector:Blank", options=Options(), strides=(8,))

def __getattr__(name):
    if name != "Blank":
        raise AttributeError(name)
    from flawflow.training.detectors.detector import Aggregation, Detector
    class Blank(Detector):
        name, aggregation = "blank", Aggregation()
        def __init__(self, options):
            super().__init__()
            self.options = options
        def fit(self, source):
            self.mean = source.features.maps[0].mean()
        def forward(self, pyramid):
            return [(pyramid[0] - self.mean).abs().mean(dim=1) ** self.options.power]
    return Blank
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A package of others with three entry points, of which two lead nowhere."""
    (tmp_path / "blank_detector.py").write_text(_PACKAGE)
    about = tmp_path / "blank_detector-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: blank-detector\nVersion: 1.0\n")
    points = "blank = blank_detector:BLANK\ngone = no_such_module:KIND\nodd = blank_detector:Options\n"
    (about / "entry_points.txt").write_text(f"[flawflow.detectors]\n{points}")
    monkeypatch.syspath_prepend(tmp_path)
    registry._registered.cache_clear()
    yield
    registry._registered.cache_clear()


@pytest.mark.usefixtures("installed")
def test_a_detector_of_others_is_found_and_learns(make_source, part_pictures):
    assert detector_names() == (*DETECTORS, "blank", "gone", "odd")
    kind = detector_kind("blank")
    assert kind.default_options() == {"power": 2.0}
    model = fit_detector(make_source(kind.strides), kind.make({"power": 1.0}))
    assert model.detector.options.power == 1.0
    maps, _ = model(torch.from_numpy(part_pictures[:1]))
    assert maps.shape == (1, 64, 64)


@pytest.mark.usefixtures("installed")
def test_what_others_registered_wrongly_is_told():
    with pytest.raises(RecipeError, match="gone cannot be loaded from no_such_module:KIND"):
        detector_kind("gone")
    with pytest.raises(RecipeError, match="blank_detector:Options is not a DetectorKind"):
        detector_kind("odd")
