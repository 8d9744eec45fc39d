"""The product of a file of many, named in three ways; what cannot be is one sentence."""

import csv
import shutil
from pathlib import Path

import pytest
from click.testing import Result

from flawflow.model_file import write_joint
from flawflow.model_file.card import Card
from flawflow.synthetic import draw_parts


@pytest.fixture
def plant(tmp_path: Path, tiny_graph: bytes, tiny_card: Card) -> Path:
    path = tmp_path / "plant.flaw"
    write_joint(path, {"lid": (tiny_graph, tiny_card), "cap": (tiny_graph, tiny_card)}, flows=b"")
    draw_parts(tmp_path / "parts", train=1, test=2, size=32)
    return path


def test_a_product_is_named_in_the_file_or_beside_it(plant: Path, flawflow) -> None:
    pictures = plant.parent / "parts" / "test" / "good"
    outputs = []
    for number, named in enumerate(((f"{plant}#lid",), (plant, "--product", "lid"))):
        output = plant.parent / f"out{number}"
        found: Result = flawflow("inspect", named[0], pictures, "-o", output, *named[1:])
        assert found.exit_code == 0, found.output
        with (output / "results.csv").open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines))
        outputs.append([(row["path"], row["verdict"], row["score"], row["model"]) for row in rows])
        assert len(rows) == 2
    assert outputs[0] == outputs[1]
    assert "plant.flaw#lid" in (plant.parent / "out0" / "report.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (("plant.flaw",), "plant.flaw holds 2 products: name one, as plant.flaw#lid; there are lid, cap"),
        (("plant.flaw", "--product", "lit"), "has no product 'lit': did you mean lid?"),
        (("plant.flaw#lid", "--product", "cap"), "names a product already"),
        (("plant.flaw", "--product", "auto"), "has nothing that tells its products apart: name one"),
        (("tiny.flaw", "--product", "auto"), "is one model: give a file that flawflow fleet train --joint"),
        (("tiny.flaw", "--product", "lid"), "holds one model and no products"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    plant: Path, tiny_model: Path, flawflow, given: tuple[str, ...], sentence: str
) -> None:
    assert tiny_model.parent == plant.parent
    model, *rest = given
    pictures = plant.parent / "parts" / "test" / "good"
    found: Result = flawflow("inspect", plant.parent / model, pictures, "-o", plant.parent / "out", *rest)
    assert found.exit_code == 2
    assert sentence in found.output
    assert not (plant.parent / "out").exists()


def test_an_archive_names_its_product(plant: Path, flawflow) -> None:
    found: Result = flawflow(
        "inspect", plant, "memory://none/", "-o", plant.parent / "out", "--product", "auto"
    )
    assert found.exit_code == 2
    assert "an archive shows one product" in found.output


def test_the_card_of_a_file_lists_its_products(plant: Path, flawflow) -> None:
    found: Result = flawflow("card", plant)
    assert found.exit_code == 0
    assert all(f'"{name}"' in found.output for name in ("lid", "cap"))
    assert '"confusion": null' in found.output
    shutil.copy(plant, plant.parent / "other.flaw")
    assert '"detector": "brightness"' in flawflow("card", plant.parent / "other.flaw#cap").output


def test_the_list_of_products_runs_no_formula(plant: Path, flawflow, monkeypatch: pytest.MonkeyPatch) -> None:
    class Lids:
        def route(self, _source: Path) -> str:
            return "lid"

    monkeypatch.setattr("flawflow.inspection.routing.Router.of", lambda _joint: Lids())
    monkeypatch.chdir(plant.parent)
    shutil.copy(next((plant.parent / "parts" / "test" / "good").iterdir()), "=1.png")
    found: Result = flawflow("inspect", plant, "=1.png", "-o", "out", "--product", "auto")
    assert found.exit_code == 0, found.output
    listed = Path("out/products.csv").read_text("utf-8").splitlines()
    assert listed == ["path,product", "./=1.png,lid"]
