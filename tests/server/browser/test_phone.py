"""A phone of 390 pixels: every view can be read and used, and nothing lies over what is to be pressed."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from .conftest import NG, OK, REVIEW, VIEWS, post, script

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Open = Callable[..., "Page"]
PHONE = {"width": 390, "height": 844}
COVERED, SQUEEZED, SMALL = script("covered.js"), script("squeezed.js"), script("small.js")


@pytest.fixture
def phone(open_page: Open, station: str) -> "Page":
    page = open_page("model", viewport=PHONE, has_touch=True, is_mobile=True)
    if not page.request.get(f"{station}api/inspections").json()["inspections"]:
        for level in (NG, REVIEW, OK, REVIEW):
            post(page, station, f"a-part-with-a-name-of-some-length-{level}.png", level)
        page.request.put(f"{station}api/inspections/1/label", data={"label": "bad"})
    return page


@pytest.mark.parametrize("locale", ["en", "de", "zh"])
def test_every_view_fits(phone: "Page", station: str, locale: str):
    phone.evaluate(f"localStorage.setItem('flawflow.language', '\"{locale}\"')")
    for view, filled in VIEWS.items():
        phone.goto("about:blank")
        phone.goto(f"{station}#/{view}")
        phone.locator(filled).first.wait_for()
        assert phone.locator("html").get_attribute("lang") == locale
        assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], view
        for problem in (SQUEEZED, SMALL, COVERED):
            assert phone.evaluate(problem) == [], view


def test_what_is_looked_for_is_found(browser: "Browser"):
    page = browser.new_page()
    page.set_content("""<main><p style="width: 20px; overflow-wrap: anywhere">a collapsed column</p>
        <p>a column with room</p><button>below</button>
        <button style="position: relative; z-index: 2">above</button>
        <div style="position: fixed; inset: 0; z-index: 1"></div></main>""")
    assert page.evaluate(SQUEEZED) == ["a collapsed column"]
    (covered,) = page.evaluate(COVERED)
    assert "below" in covered
    page.close()


def test_labels_are_under_the_thumb_beside_the_picture(phone: "Page", station: str):
    phone.goto(f"{station}#/review")
    phone.locator(".about h2").wait_for()
    for name in ("Good", "Bad", "Skip"):
        box = phone.get_by_role("button", name=name, exact=True).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= PHONE["height"]
    picture = phone.locator(".pane img").first.bounding_box()
    assert picture is not None
    assert picture["y"] + picture["height"] <= PHONE["height"]


def test_colours_that_the_system_dictates_keep_the_thresholds(open_page: Open):
    page = open_page(forced_colors="active")
    page.get_by_role("slider", name="Threshold of NG").wait_for()
    lines = """() => [...document.querySelectorAll(".handle")].map((handle) => {
        const line = getComputedStyle(handle, "::before");
        const ground = getComputedStyle(handle).backgroundColor;
        return line.backgroundImage !== "none" || line.backgroundColor !== ground;
    })"""
    assert page.evaluate(lines) == [True, True]
