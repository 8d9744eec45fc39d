"""What good looks like, as pages show it."""

from pathlib import Path

import numpy as np

from flawflow.decision.drift import Drift
from flawflow.inspection import Inspector
from flawflow.model_file import write_model
from flawflow.model_file.card import Card
from flawflow.report.explanation import TITLE, panes_of
from flawflow.report.gallery import exhibit_of
from flawflow.report.page import render_page
from flawflow.report.summary import Summary
from flawflow.results.record import record_of

from ..explained_model import explained_graph


def test_the_page_shows_it_beside_what_is_not_like_it(
    tmp_path: Path, tiny_graph: bytes, tiny_card: Card
) -> None:
    path = tmp_path / "a.flaw"
    write_model(path, explained_graph(tiny_graph), tiny_card)
    inspector = Inspector.load(path)
    exhibits = []
    for level in (200, 10):
        inspection, picture = inspector.inspect_with_image(np.full((64, 32, 3), level, np.uint8))
        exhibits.append(exhibit_of(inspection, picture, record_of(inspection), (0.0, 1.0)))
        assert len(panes_of(inspection)) == (level == 200)
    bad, good = exhibits
    (panes,) = bad.explained
    assert [pane.picture for pane in panes] == ["", "90.png", "90.png"]
    # A window of 16 × 16 at the model's size is 16 × 32 pixels of this picture.
    assert {pane.aspect for pane in panes} == {0.5}
    assert good.explained == ()
    assert bad.size > len(bad.picture) + len(bad.overlay)
    page = render_page(Summary(model="a"), tiny_card, exhibits, Drift((), None, 0, 0, 0.05))
    assert page.count(TITLE) == 1
    assert page.count("the nearest good one: 90.png") == 1
