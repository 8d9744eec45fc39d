"""axe-core finds nothing, in any view, theme and language; npm installs it."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .conftest import NG, REVIEW, VIEWS, post

if TYPE_CHECKING:
    from playwright.sync_api import Page

AXE = Path(__file__).parents[3] / "node_modules" / "axe-core" / "axe.min.js"
WAYS = [("light", 1280, 860, "en-US"), ("dark", 390, 844, "de-DE"), ("dark", 1920, 1080, "zh-CN")]
RUN = """() => axe.run().then(({ violations }) =>
    violations.map(({ id, nodes }) => [id, nodes.map((one) => one.html)]))"""


@pytest.mark.parametrize(("theme", "width", "height", "locale"), WAYS)
def test_axe_finds_nothing(
    *, open_page: Callable[..., "Page"], station: str, theme: str, width: int, height: int, locale: str
):
    if not AXE.is_file():
        pytest.skip("axe-core is not installed (npm ci)")
    page = open_page(color_scheme=theme, viewport={"width": width, "height": height}, locale=locale)
    for level in (NG, REVIEW):
        post(page, station, f"part-{level}.png", level)
    page.request.put(f"{station}api/inspections/1/label", data={"label": "bad"})
    for view, filled in VIEWS.items():
        page.goto("about:blank")
        page.goto(f"{station}#/{view}")
        page.locator(filled).first.wait_for()
        page.evaluate(AXE.read_text("utf-8"))
        assert page.evaluate(RUN) == [], view
    page.locator("#options").click()
    page.locator("dialog").wait_for()
    assert page.evaluate(RUN) == []
