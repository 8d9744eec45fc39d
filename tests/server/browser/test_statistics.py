"""Statistics at the page, and the report behind its button."""

from collections.abc import Callable

import pytest

from .conftest import NG, OK, post, script

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect


def test_what_the_line_did_is_shown_and_reported(open_page: Callable, station: str):
    page = open_page("statistics")
    expect(page.get_by_text("Nothing was inspected")).to_be_visible()
    for number, level in enumerate((OK, OK, OK, NG)):
        post(page, station, f"{number}.png", level)
    page.reload()
    expect(page.locator(".big strong").first).to_have_text("4")
    page.get_by_role("radio", name="Hours").check()
    expect(page.locator(".p-chart circle")).not_to_have_count(0)
    expect(page.get_by_role("region", name="By source")).to_contain_text("25 %")
    places = page.get_by_role("region", name="Where regions lie: part")
    expect(places).to_contain_text("1 region")
    expect(places.get_by_role("img", name="A good picture")).to_be_visible()
    for rule in ("nameless.js", "small.js", "pale.js"):
        assert page.evaluate(script(rule)) == [], rule
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.goto(f"{station}api/report")
    expect(page.locator("h1")).to_have_text("Inspection report")
    expect(page.locator("table").first).to_contain_text("25 %")
    # Its style sheet, which it carries itself, is allowed.
    assert page.locator("th").first.evaluate("each => getComputedStyle(each).textAlign") == "left"
