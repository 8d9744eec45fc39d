"""The tiny model's score is a picture's brightness: a lamp's change is a change of every score."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flawflow.decision.light import Adaptation
from flawflow.errors import DatasetError, ModelFileError
from flawflow.inspection import Inspector
from flawflow.inspection.adapt import adapt
from flawflow.inspection.light import measure_light
from flawflow.model_file import ModelFile, read_model, write_model
from flawflow.model_file.card import Card


def part(rng: np.random.Generator, spot: int = 110) -> np.ndarray:
    """A part of three tones with a spot, whose brightness is the tiny model's score, (32, 32, 3)."""
    levels = np.full((32, 32, 3), (60.0, 70.0, 80.0))
    levels[8:24, 8:24] = (90, 85, 80)
    levels[12:20, 12:20] = spot
    return np.clip(levels + rng.normal(0, 3, levels.shape), 0, 255).astype(np.uint8)


def lit(picture: np.ndarray) -> np.ndarray:
    """A warmer lamp, dimmer to the right."""
    gain = np.linspace(1.0, 0.7, 32)[:, None] * (1.1, 1.0, 0.85)
    return np.clip(np.rint(picture * gain), 0, 255).astype(np.uint8)


def written(folder: Path, pictures: list[np.ndarray]) -> list[Path]:
    folder.mkdir()
    paths = [folder / f"{number:02d}.png" for number in range(len(pictures))]
    for path, picture in zip(paths, pictures, strict=True):
        Image.fromarray(picture).save(path)
    return paths


@pytest.fixture
def good(rng: np.random.Generator) -> list[np.ndarray]:
    return [part(rng) for _ in range(40)]


@pytest.fixture
def model(tiny_graph: bytes, tiny_card: Card, good: list[np.ndarray], tmp_path: Path) -> ModelFile:
    """The tiny model as it would be trained on twenty of the parts and calibrated by ten."""
    plain = Inspector.of(_file(tmp_path / "plain.flaw", tiny_graph, tiny_card))
    scores = tuple(sorted(plain.measure(picture)[1] for picture in good[:10]))
    calibration = dataclasses.replace(tiny_card.calibration, scores=scores)
    card = dataclasses.replace(tiny_card, calibration=calibration, light=measure_light(good[10:30]))
    return _file(tmp_path / "part.flaw", tiny_graph, card)


def _file(path: Path, graph: bytes, card: Card) -> ModelFile:
    write_model(path, graph, card)
    return read_model(path)


@pytest.fixture
def new(good: list[np.ndarray], tmp_path: Path) -> list[Path]:
    return written(tmp_path / "new", [lit(picture) for picture in good[30:]])


def test_scores_under_another_light_come_back(
    model: ModelFile, new: list[Path], rng: np.random.Generator, tmp_path: Path
):
    adapted = adapt(model, new)
    before = Inspector.of(model)
    after = Inspector.of(_file(tmp_path / "adapted.flaw", adapted.graph, adapted.card))
    for spot in (100, 110, 120):
        picture = part(rng, spot)
        wanted = before.measure(picture)[1]
        change = abs(before.measure(lit(picture))[1] - wanted)
        assert change > 0.03
        assert abs(after.measure(lit(picture))[1] - wanted) < 0.3 * change


def test_pictures_that_fit_have_no_part_in_what_is_promised(model: ModelFile, new: list[Path]):
    adapted = adapt(model, new)
    assert [each.path for each in adapted.measured] == [*new[1::2], *new[::2]]
    calibration, earlier = adapted.card.calibration, model.card.calibration
    by_path = {each.path: each.score for each in adapted.measured}
    assert calibration.scores == tuple(sorted(by_path[path] for path in new[1::2]))
    others = [*(by_path[path] for path in new[::2]), *earlier.scores]
    assert calibration.out_of_fold == tuple(sorted(others))
    assert calibration.threshold().guaranteed_rate == pytest.approx(1 / 6)
    # The half that calibrates is measured by what is written; the other by what it did not fit.
    written_model = Inspector.of(ModelFile(adapted.graph, adapted.card, ""))
    assert [written_model.measure(path)[1] for path in new[1::2]] == [by_path[path] for path in new[1::2]]
    assert [written_model.measure(path)[1] for path in new[::2]] != [by_path[path] for path in new[::2]]


def test_a_picture_that_calibrates_changes_no_weight(model: ModelFile, new: list[Path]):
    graph = adapt(model, new).graph
    Image.new("RGB", (32, 32), (255, 255, 255)).save(new[1])
    assert adapt(model, new).graph == graph
    Image.new("RGB", (32, 32), (255, 255, 255)).save(new[0])
    assert adapt(model, new).graph != graph


def test_the_card_tells_from_which_model_and_by_how_many_pictures(
    model: ModelFile, new: list[Path], tmp_path: Path
):
    adapted = adapt(model, new)
    card = adapted.card
    assert card.adaptation == Adaptation(model.sha256, fitted_by=5, calibrated_by=5)
    assert len(card.drift) == 10
    assert card.canaries
    kept = {"adaptation", "calibration", "colormap_range", "drift", "canaries"}
    for field in dataclasses.fields(Card):
        assert field.name in kept or getattr(card, field.name) == getattr(model.card, field.name)
    assert Card.from_json(card.to_json()) == card
    # Canaries hold: the file proves itself as any other.
    assert Inspector.of(_file(tmp_path / "adapted.flaw", adapted.graph, card)).proof.holds


def test_an_adapted_model_adapted_again_is_corrected_once(model: ModelFile, new: list[Path], tmp_path: Path):
    once = adapt(model, new)
    file = _file(tmp_path / "once.flaw", once.graph, once.card)
    twice = adapt(file, new)
    assert twice.graph == once.graph
    assert twice.card.adaptation == Adaptation(file.sha256, fitted_by=5, calibrated_by=5)


def test_what_no_light_explains_is_counted(
    model: ModelFile, new: list[Path], good: list[np.ndarray], tmp_path: Path
):
    """Something bright lies over every third picture."""
    covered = [lit(picture) for picture in good[30:]]
    for picture in covered[::3]:
        picture[4:28, 4:28] = 250
    found = adapt(model, written(tmp_path / "covered", covered))
    threshold = model.card.calibration.threshold().score
    assert found.still_unlike == sum(each.score > threshold for each in found.measured) >= 4


def test_too_few_pictures_are_refused_and_why(model: ModelFile, new: list[Path]):
    with pytest.raises(DatasetError, match=r"takes 8 good pictures or more .*, and there are 7$"):
        adapt(model, new[:7])
    for path in new[:3]:
        path.write_bytes(b"no picture")
    with pytest.raises(DatasetError, match=r"there are 7; the first that cannot be read: .*00\.png"):
        adapt(model, new)
    assert adapt(model, new[2:] + new[3:4]).unreadable[0].startswith(str(new[2]))


def test_a_model_that_does_not_know_its_light_is_refused(tiny_model: Path, new: list[Path]):
    with pytest.raises(ModelFileError, match=r"does not know the light .*: train it again"):
        adapt(read_model(tiny_model), new)
