"""Flows are kept and found again, and refuse what they were not made for."""

from pathlib import Path

import pytest
import torch

from flawflow.errors import TrainingError
from flawflow.recipe import Recipe
from flawflow.training.detectors.density import coupling_blocks
from flawflow.training.encoder import Encoder, build_encoder
from flawflow.training.flows import Chain
from flawflow.training.shared_flows import SharedFlows, made_for, options_of, shared_flows


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return build_encoder("test_efficientnet", strides=(4, 8, 16), weights="random", size=(64, 64))


@pytest.fixture
def flows(tiny_recipe: Recipe, encoder: Encoder) -> SharedFlows:
    facts = made_for(tiny_recipe, encoder)
    generator = torch.Generator().manual_seed(1)
    chain = Chain(*coupling_blocks(6, 8, options_of(facts), generator))
    with torch.no_grad():
        for parameter in chain.parameters():
            parameter.uniform_(-1, 1, generator=generator)
    return SharedFlows(facts, {0: chain}, Recipe.of("fast", tiny_recipe.changes()))


def test_there_and_back(flows: SharedFlows, tmp_path: Path) -> None:
    file = tmp_path / "flows.safetensors"
    file.write_bytes(flows.to_bytes())
    found = shared_flows(Recipe(flows=str(file)))
    assert found is not None
    assert found.made_for == flows.made_for
    assert found.recipe == flows.recipe
    x, condition = torch.randn(5, 6), torch.randn(5, 8)
    for one, other in zip(found.blocks[0](x, condition), flows.blocks[0](x, condition), strict=True):
        assert torch.equal(one, other)
    assert flows.to_bytes() == found.to_bytes()
    assert shared_flows(Recipe()) is None


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"seed": 3}, "need the same seed: leave out"),
        ({"detector.hidden": 8, "strides": (8, 16)}, "need the same detector.hidden, strides"),
        ({"detector": "padim"}, "padim has no flows that products could share"),
    ],
)
def test_another_kind_of_training_is_refused(
    flows: SharedFlows, tiny_recipe: Recipe, encoder: Encoder, changes: dict[str, object], sentence: str
) -> None:
    flows.check(tiny_recipe.replace(size=128, calibration="cross"), encoder)
    with pytest.raises(TrainingError, match=sentence):
        flows.check(tiny_recipe.replace(changes), encoder)


def test_files_that_hold_none_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "flows.safetensors"
    with pytest.raises(TrainingError, match="cannot be read"):
        shared_flows(Recipe(flows=str(file)))
    for content in (b"", b"\x08\0\0\0\0\0\0\0{}      ", b"nothing of the kind"):
        file.write_bytes(content)
        with pytest.raises(TrainingError, match="holds no flows that products share"):
            shared_flows(Recipe(flows=str(file)))


def test_a_recipe_counts_flows_by_what_they_hold(flows: SharedFlows, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a", "b")]
    for file in files:
        file.write_bytes(flows.to_bytes())
    one, other = (Recipe(flows=str(file)).fingerprint() for file in files)
    assert one == other
    assert one != Recipe().fingerprint()
