"""Many models in one file: each comes back, by its name, and nothing else does."""

from dataclasses import replace
from pathlib import Path

import pytest

from flawflow.errors import ModelFileError
from flawflow.inspection.inspector import Inspector
from flawflow.model_file import Routing, read_any, read_joint, read_model, replace_card, write_joint
from flawflow.model_file.card import Card
from flawflow.model_file.joint import Appearance, JointFile, named_product
from flawflow.storage.remote import RemotePath

LOOKS = Appearance(mean="", deviation="", directions="", variances="", rest=1.0, held_out="")


@pytest.fixture
def plant(tmp_path: Path, tiny_graph: bytes, tiny_card: Card) -> Path:
    """A file of two products, which differ in their cards."""
    path = tmp_path / "plant.flaw"
    models = {
        "lid": (tiny_graph, tiny_card),
        "gear 2": (tiny_graph, replace(tiny_card, colormap_range=(0.0, 2.0))),
    }
    write_joint(path, models, flows=b"flows", routing=Routing(graph=tiny_graph, products={"lid": LOOKS}))
    return path


def test_a_product_is_a_model_like_any_other(plant: Path, tiny_model: Path, tmp_path: Path) -> None:
    joint = read_joint(plant)
    assert joint.names == ("lid", "gear 2")
    assert joint.flows == b"flows"
    one, alone = read_model(Path(f"{plant}#gear 2")), read_model(tiny_model)
    assert one.card == replace(alone.card, colormap_range=(0.0, 2.0))
    inspector = Inspector.load(f"{plant}#lid")
    assert inspector.sha256 == read_model(Path(f"{plant}#lid")).sha256
    copy = tmp_path / "copy.flaw"
    replace_card(Path(f"{plant}#lid"), copy, alone.card)
    assert read_model(copy).card == alone.card
    assert read_model(copy).graph == read_model(Path(f"{plant}#lid")).graph


def test_equal_tensors_are_there_once(plant: Path, tiny_graph: bytes) -> None:
    # The router's graph is the products'.
    assert len(read_joint(plant).tensors) == 3
    routing = read_joint(plant).routing()
    assert routing is not None
    assert routing.products == {"lid": LOOKS}
    assert len(routing.graph) == len(tiny_graph)


def test_a_product_beside_others_leaves_them_as_they_are(
    plant: Path, tiny_graph: bytes, tiny_card: Card, tmp_path: Path
) -> None:
    before, path = read_joint(plant), tmp_path / "more.flaw"
    write_joint(path, {"cap": (tiny_graph, tiny_card)}, flows=before.flows, beside=before)
    after = read_joint(path)
    assert after.names == ("lid", "gear 2", "cap")
    assert after.tensors == before.tensors
    assert after.routing() is None
    for name in before.names:
        assert after.model(name) == before.model(name)


@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        ("plant.flaw", r"plant.flaw holds 2 products: name one, as plant.flaw#lid; there are lid, gear 2"),
        ("plant.flaw#lit", r"plant.flaw has no product 'lit': did you mean lid\?"),
        ("plant.flaw#", r"plant.flaw holds 2 products"),
        ("tiny.flaw#lid", r"tiny.flaw holds one model and no products: leave out #lid"),
        ("none.flaw#lid", r"none.flaw does not exist"),
    ],
)
def test_names_are_refused_in_one_sentence(named: str, sentence: str, plant: Path, tiny_model: Path) -> None:
    assert tiny_model.parent == plant.parent
    with pytest.raises(ModelFileError, match=sentence):
        read_model(plant.parent / named)


def test_one_model_is_not_many(tiny_model: Path) -> None:
    assert not isinstance(read_any(tiny_model), JointFile)
    with pytest.raises(ModelFileError, match="is one model: give a file that flawflow fleet train --joint"):
        read_joint(tiny_model)


def test_every_flipped_bit_is_noticed(plant: Path) -> None:
    content = plant.read_bytes()
    for place in range(0, len(content), 97):
        changed = bytearray(content)
        changed[place] ^= 4
        plant.write_bytes(changed)
        with pytest.raises(ModelFileError, match=r"damaged|not a flawflow model"):
            read_any(plant)
    plant.write_bytes(content[:-1])
    with pytest.raises(ModelFileError, match="damaged"):
        read_any(plant)


def test_a_file_whose_name_has_the_sign_is_that_file(tiny_model: Path) -> None:
    other = tiny_model.rename(tiny_model.with_name("a#b"))
    assert named_product(other) == (other, "")
    assert read_model(other).card.size == (32, 32)


def test_a_product_of_a_store(plant: Path, memory: RemotePath) -> None:
    (memory / "plant.flaw").write_bytes(plant.read_bytes())
    assert read_model(memory / "plant.flaw#lid").sha256 == read_model(Path(f"{plant}#lid")).sha256
