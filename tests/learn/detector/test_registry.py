from dataclasses import replace

import numpy as np
import pytest
import torch

from flawflow.errors import TrainingError
from flawflow.inspect.engine import OnnxRuntimeEngine
from flawflow.learn.detector import DETECTORS, Differnet
from flawflow.learn.detector.differnet import OPTIONS
from flawflow.learn.detector.options import FLOWS, CflowOptions
from flawflow.learn.detector.registry import Choice
from flawflow.learn.export import TOLERANCE, export_graph
from flawflow.learn.model import InspectionModel, build_head
from flawflow.learn.preset import PRESETS, with_detector, with_flow

SHORT = CflowOptions(steps=4, batch=64, hidden=16, blocks=2)


def quick(name: str, choice: Choice):
    if name == "differnet":
        return Differnet(replace(OPTIONS, steps=4, batch=16, hidden=16, blocks=2))
    return choice.make(SHORT)


@pytest.mark.parametrize(("name", "choice"), DETECTORS.items())
def test_a_detector_keeps_the_contract(name: str, choice: Choice, make_source, part_pictures):
    source = make_source(choice.strides)
    detector = quick(name, choice)
    detector.fit(source)
    assert detector.name == name
    model = InspectionModel(
        source.encoder, detector, build_head(detector, source.features, (64, 64), source.device)
    )
    flat = np.stack([np.zeros_like(part_pictures[0]), np.full_like(part_pictures[0], 255)])
    pictures = np.concatenate((part_pictures[:2], flat, part_pictures[2:3, ::-1]))
    with torch.inference_mode():
        maps, scores = model(torch.from_numpy(pictures))
        alone = [model(torch.from_numpy(picture[None])) for picture in pictures]
    assert maps.shape == (5, 64, 64)
    assert bool(torch.isfinite(maps).all())
    assert bool(torch.isfinite(scores).all())
    # A score belongs to its picture.
    size = float(maps.abs().max())
    torch.testing.assert_close(torch.cat([one for one, _ in alone]), maps, atol=1e-4 * size, rtol=1e-4)
    torch.testing.assert_close(torch.cat([one for _, one in alone]), scores, atol=1e-4 * size, rtol=1e-4)
    # A place is told by a map that is not constant.
    assert choice.localises == bool(maps[4].std() > 1e-3 * maps[4].abs().max())
    # What is inspected is what was learned.
    found_maps, found_scores = OnnxRuntimeEngine(export_graph(model, (64, 64)), threads=1).run(pictures)
    np.testing.assert_allclose(found_maps, maps.numpy(), atol=TOLERANCE * size)
    np.testing.assert_allclose(found_scores, scores.numpy(), atol=TOLERANCE * size)


def test_uflow_knows_no_position(make_source, part_pictures):
    choice = DETECTORS["uflow"]
    source = make_source(choice.strides)
    detector = choice.make(SHORT)
    detector.fit(source)
    with torch.inference_mode():
        pyramid = source.encoder(torch.from_numpy(part_pictures[:1]))
        plain = detector(pyramid)
        mirrored = detector([features.flip(2) for features in pyramid])
    for a, b in zip(plain, mirrored, strict=True):
        torch.testing.assert_close(a.flip(1), b, rtol=1e-4, atol=1e-3)


def test_a_preset_takes_another_detector_with_its_strides():
    preset = with_detector(PRESETS["fast"], "patchcore")
    assert preset.strides == (8, 16)
    assert preset.detector().name == "patchcore"
    assert with_detector(PRESETS["fast"], "cflow") is PRESETS["fast"]
    uflow = with_detector(PRESETS["fast"], "uflow").detector()
    assert uflow.options.steps == PRESETS["fast"].detector().options.steps
    assert (uflow.options.position_channels, uflow.options.position_statistics) == (0, False)


def test_the_paper_preset_takes_no_other_detector():
    with pytest.raises(TrainingError, match="by the letter"):
        with_detector(PRESETS["paper"], "padim")
    assert with_detector(PRESETS["paper"], "cflow") is PRESETS["paper"]


def test_rivals_in_their_strongest_form_join_strides_8_and_16():
    for name in ("padim-pooled", "knn"):
        preset = with_detector(PRESETS["fast"], name)
        options = preset.detector().options
        assert preset.strides == (8, 16)
        assert (options.pooling, options.interpolation) == ("inner", "bilinear")
        assert (options.standardised, options.channels) == (True, None)


def test_an_unknown_detector_is_named():
    with pytest.raises(TrainingError, match="'efficient'"):
        with_detector(PRESETS["fast"], "efficient")


@pytest.mark.parametrize("name", ["cflow", "uflow", "differnet"])
def test_a_detector_takes_flows_of_another_family(name: str):
    preset = with_detector(PRESETS["fast"], name)
    options = preset.detector().options
    assert (options.coupling, options.actnorm) == ("affine", False)
    assert with_flow(preset, "realnvp") is preset
    nice, glow = (with_flow(preset, flow) for flow in ("nice", "glow"))
    assert (nice.name, glow.name) == ("fast, flow nice", "fast, flow glow")
    assert nice.detector().name == glow.detector().name == name
    assert nice.detector().options == replace(options, coupling="additive")
    assert glow.detector().options == replace(options, mixing="lu", actnorm=True)


@pytest.mark.parametrize(("preset", "detector"), [("fast", "padim"), ("paper", "cflow")])
def test_what_has_no_such_flow_says_so(preset: str, detector: str):
    with pytest.raises(TrainingError, match="cannot have the flow nice: leave that out"):
        with_flow(with_detector(PRESETS[preset], detector), "nice")


def test_an_unknown_flow_is_named():
    with pytest.raises(TrainingError, match="'maf'; choose one of realnvp, nice, glow"):
        with_flow(PRESETS["fast"], "maf")


def test_the_command_line_knows_the_same_names():
    from flawflow.cli import train

    assert tuple(DETECTORS) == train.DETECTORS
    assert tuple(FLOWS) == train.FLOWS
