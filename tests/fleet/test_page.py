import re
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from flawflow.fleet.page import write_page
from flawflow.fleet.plan import Product
from flawflow.fleet.record import KeptSuspect
from flawflow.fleet.status import Status
from flawflow.report.suspects import suspects_folder

from .conftest import Trained
from .test_attention import evaluation


def written(trained: Trained, *statuses: Status) -> str:
    page = write_page(statuses, trained.folder)
    assert page == trained.folder / "fleet.html"
    return page.read_text("utf-8")


def fine(trained: Trained, name: str = "gears") -> Status:
    status = trained.status()
    assert status.record is not None
    assert status.record.measures is not None
    measures = replace(status.record.measures, evaluation=evaluation(), error="")
    product = replace(trained.product, name=name)
    return replace(status, product=product, record=replace(status.record, measures=measures))


def test_every_product_has_its_figures(trained: Trained):
    text = written(trained, fine(trained))
    assert "<h1>1 product, 1 model</h1>" in text
    assert "Nothing: every product is trained" in text
    cells = re.findall(r"<td>(.*?)</td>", text)
    assert cells[:3] == ['<a href="gears.flaw">gears</a>', "2", "0.5"]
    assert cells[3:10] == ["1 %", "≤ 1 %", "99.00 (95.00 to 100.00)", "90.00", "80.00", "90.00", "5.00"]
    # The tiny model's calibration keeps what it was asked for.
    assert "More good pictures" not in text


def test_the_mean_is_of_what_was_measured(trained: Trained):
    other = fine(trained)
    assert other.record is not None
    unmeasured = replace(other, record=replace(other.record, measures=None))
    text = written(trained, other, replace(other), unmeasured)
    assert "mean of 2 measured" in text
    assert "mean of" not in written(trained, other, unmeasured)


def test_what_failed_comes_first_and_suspects_are_shown(trained: Trained):
    place = suspects_folder(trained.folder / "gears.flaw")
    place.mkdir()
    Image.fromarray(np.zeros((400, 400, 3), np.uint8)).save(place / "a b.jpg")
    suspects = tuple(KeptSuspect(path=f"{n}.png", reason=f"reason {n}", overlay="a b.jpg") for n in range(5))
    status = fine(trained)
    assert status.record is not None
    status = replace(status, record=replace(status.record, suspects=suspects))
    failed = Status(
        product=Product(name="lid", source=trained.product.source, recipe=trained.product.recipe),
        dataset=status.dataset,
        error="none of its pictures could be read",
    )
    text = written(trained, status, failed)
    assert text.index("<h3>lid</h3>") < text.index("<h3>gears</h3>")
    assert "Failed: none of its pictures could be read" in text
    assert text.count('<img alt="Anomaly map over') == 3
    assert 'href="gears.flaw.suspects/a%20b.jpg"' in text
    assert "and 2 more in gears.flaw.suspects" in text


def test_names_are_escaped_and_nothing_is_loaded_from_elsewhere(trained: Trained):
    status = fine(trained)
    assert status.record is not None
    odd = replace(status.record, notes=("<script>alert(1)</script>",), source="<b>")
    text = written(trained, replace(status, record=odd))
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert not re.findall(r'(?:src|href)="(?:https?:|//)', text)


def test_what_is_missing_has_no_row(trained: Trained, tmp_path: Path):
    missing = Status(product=trained.product, dataset=trained.status().dataset, reason="not trained yet")
    text = written(trained, missing)
    assert "<h1>1 product, 0 models</h1>" in text
    assert "To be trained (not trained yet)" in text
    assert "All models" not in text
