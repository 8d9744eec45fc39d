"""Flows are learned from several products' pictures, and serve each beside its own statistics."""

import dataclasses
import shutil
from pathlib import Path

import pytest
import torch

from flawflow.datasets import open_dataset
from flawflow.errors import TrainingError
from flawflow.recipe import Recipe
from flawflow.synthetic import draw_parts
from flawflow.training.detectors.cflow import Cflow
from flawflow.training.prepare import fit_model
from flawflow.training.shared_flows import SharedFlows
from flawflow.training.sharing import DrawnVectors, Learning, draw_vectors, learn_shared
from flawflow.training.split import split_good
from flawflow.training.unfinished_work import WorkFolder

COUNT = 512


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("sets")
    for seed in range(2):
        draw_parts(folder / f"set{seed}", train=10, test=1, size=64, seed=seed)
    return [folder / f"set{seed}" for seed in range(2)]


@pytest.fixture(scope="module")
def drawn(
    sets: list[Path], tiny_recipe: Recipe, tmp_path_factory: pytest.TempPathFactory
) -> list[DrawnVectors]:
    work = tmp_path_factory.mktemp("work")
    return [
        draw_vectors(open_dataset(data), work / data.name, tiny_recipe, COUNT, device="cpu") for data in sets
    ]


def _learned(drawn: list[DrawnVectors], recipe: Recipe, work: Path) -> SharedFlows:
    folder = WorkFolder(work, {}, resume=False)
    known = Recipe.of("fast", recipe.changes())
    return learn_shared(drawn, known, Learning(recipe.seed, torch.device("cpu"), folder))


def test_drawn_vectors_are_whitened(drawn: list[DrawnVectors]) -> None:
    for product in drawn:
        found = DrawnVectors.from_bytes(product.to_bytes())
        assert found.facts == product.facts
        assert found.tensors.keys() == product.tensors.keys()
        assert {key.partition(".")[0] for key in found.tensors} == {"0", "3"}
        for number in (0, 3):
            vectors = found.tensors[f"{number}.vectors"]
            assert len(vectors) == COUNT
            assert float(vectors.square().mean()) == pytest.approx(1, abs=0.3)
            assert found.tensors[f"{number}.condition"].shape == (COUNT, 8)
    assert not torch.equal(drawn[0].tensors["0.vectors"], drawn[1].tensors["0.vectors"])


def test_no_vector_is_of_a_picture_that_calibrates(
    sets: list[Path], drawn: list[DrawnVectors], tiny_recipe: Recipe, tmp_path: Path
) -> None:
    changed = tmp_path / "changed"
    shutil.copytree(sets[0], changed)
    paths = [sample.path for sample in open_dataset(changed).train]
    _, held_out = split_good(paths, tiny_recipe.seed)
    assert len(held_out) == 2
    for path, other in zip(held_out, open_dataset(sets[1]).train, strict=False):
        shutil.copy(other.path, path)
    found = draw_vectors(open_dataset(changed), tmp_path / "work", tiny_recipe, COUNT, device="cpu")
    for key, tensor in drawn[0].tensors.items():
        assert torch.equal(tensor, found.tensors[key])


def test_shared_flows_serve_each_product(
    sets: list[Path], drawn: list[DrawnVectors], tiny_recipe: Recipe, tmp_path: Path
) -> None:
    flows = _learned(drawn, tiny_recipe, tmp_path / "flows")
    again = _learned(drawn, tiny_recipe, tmp_path / "again")
    assert flows.to_bytes() == again.to_bytes()
    file = tmp_path / "flows.safetensors"
    file.write_bytes(flows.to_bytes())
    found = []
    for data in sets:
        recipe = tiny_recipe.replace(flows=str(file))
        fitted = fit_model(open_dataset(data), tmp_path / data.name, recipe, device="cpu")
        detector = fitted.model.detector
        assert isinstance(detector, Cflow)
        subnet = flows.blocks[0].bijections[0].subnet
        assert torch.equal(detector.scales[0].flow.blocks[0].first, subnet.passive.weight.T)
        found.append(detector)
        (pyramid, *_) = fitted.source.features.plain_pyramids(torch.device("cpu"))
        assert all(bool(maps.isfinite().all()) for maps in detector(pyramid))
    assert not torch.equal(found[0].fused[0].gaussian.offset, found[1].fused[0].gaussian.offset)


def test_products_of_different_kinds_are_refused(
    drawn: list[DrawnVectors], tiny_recipe: Recipe, tmp_path: Path
) -> None:
    other = dataclasses.replace(drawn[1], facts={**drawn[1].facts, "seed": 1})
    with pytest.raises(TrainingError, match="encoders or recipes differ"):
        _learned([drawn[0], other], tiny_recipe, tmp_path / "a")
    narrow = {**drawn[1].tensors, "3.vectors": drawn[1].tensors["3.vectors"][:, :-1]}
    with pytest.raises(TrainingError, match="too few pictures at their size"):
        _learned([drawn[0], dataclasses.replace(drawn[1], tensors=narrow)], tiny_recipe, tmp_path / "b")
