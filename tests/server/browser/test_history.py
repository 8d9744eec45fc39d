"""The record in the browser: filters, pages, details; a reload keeps it all, and hostile names do nothing."""

import re
from typing import TYPE_CHECKING, Any

import pytest

from .conftest import NG, OK, REVIEW, file, post, send

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

NAMES = [
    "<img src=x onerror=window.hacked=1>.png",
    '"><script>window.hacked=1</script>.png',
    "'-window.hacked=1-'.png",
    "javascript:window.hacked=1.png",
    "{{7*7}}${7*7}.png",
    "\u202egnp.exe.png",
]


def test_a_hostile_name_is_text_everywhere(open_page: Any, station: str):
    page = open_page()
    expect(page.locator("#live")).to_have_attribute("data-state", "on")
    for name in NAMES:
        number = post(page, station, name, REVIEW)
        kept = page.request.get(f"{station}api/inspections/{number}").json()["path"]
        for view in (f"inspect/{number}", "history", f"history/{number}", "review"):
            page.goto(f"{station}#/{view}")
            expect(page.get_by_text(kept, exact=True).first).to_be_attached()
        page.request.put(f"{station}api/inspections/{number}/label", data={"label": "skip"})
    assert page.evaluate("window.hacked") is None
    assert page.locator("main script, main img[src=x]").count() == 0


def test_a_hostile_address_does_nothing(open_page: Any):
    page = open_page('history?text=<img src=x onerror=window.hacked=1>&verdict="><b>')
    expect(page.locator("h1")).to_have_text("History")
    page.goto(f"{page.url.split('#')[0]}#/__proto__/%<script>")
    expect(page.locator(".view-inspect")).to_be_attached()
    assert page.evaluate("window.hacked") is None


@pytest.fixture
def filled(open_page: Any, station: str) -> "Page":
    """A page over a record that holds 60 pictures named row and some others."""
    page = open_page("history")
    if not page.request.get(f"{station}api/inspections?text=row-").json()["inspections"]:
        for number in range(60):
            post(page, station, f"row-{number:02d}.png", NG if number % 3 == 0 else OK)
    page.reload()
    page.locator("tbody tr").first.wait_for()
    return page


def test_a_phone_leaves_names_their_room(filled: "Page"):
    filled.set_viewport_size({"width": 390, "height": 844})
    cell = filled.locator("tbody .name").first.bounding_box()
    assert cell is not None
    assert cell["width"] >= 160
    # What has no room is scrolled within the table; the page itself stays as wide as the phone.
    assert filled.evaluate("document.documentElement.scrollWidth") <= 390


def test_filters_find_and_a_reload_keeps_them(filled: "Page"):
    page = filled
    page.get_by_label("Name").fill("row-")
    page.get_by_label("Name").press("Enter")
    expect(page.locator(".counts")).to_contain_text("60 in all")
    page.get_by_role("radio", name="NG").check()
    expect(page.locator("tbody tr")).to_have_count(20)
    page.reload()
    expect(page.locator("tbody tr")).to_have_count(20)
    expect(page.get_by_role("radio", name="NG")).to_be_checked()
    expect(page.get_by_label("Name")).to_have_value("row-")
    export = page.get_by_role("link", name="CSV").get_attribute("href")
    lines = page.request.get(f"{page.url.split('#')[0].rstrip('/')}{export}").text().strip().splitlines()
    assert len(lines) == 21
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_label("Name")).to_have_value("")


def test_pages_go_there_and_back(filled: "Page"):
    page = filled
    page.get_by_label("Name").fill("row-")
    page.get_by_label("Name").press("Enter")
    expect(page.locator("tbody tr")).to_have_count(50)
    page.get_by_role("button", name="Older").click()
    expect(page.locator("tbody tr")).to_have_count(10)
    expect(page.locator("tbody tr").last).to_contain_text("row-00.png")
    page.reload()
    expect(page.locator(".pager")).to_contain_text("Page 2 of 2")
    page.get_by_role("button", name="Newer").click()
    expect(page.locator("tbody tr").first).to_contain_text("row-59.png")


def test_times_filter_in_this_places_clock(filled: "Page"):
    page = filled
    page.get_by_label("From").fill("2100-01-01T00:00")
    expect(page.locator(".nothing")).to_be_visible()
    page.get_by_label("From").fill("2001-01-01T00:00")
    expect(page.locator("tbody tr")).to_have_count(50)


def test_a_detail_says_all_and_takes_a_word(filled: "Page", station: str):
    page = filled
    number = page.request.get(f"{station}api/inspections?text=row-57").json()["inspections"][0]["id"]
    page.goto(f"{station}#/history/{number}")
    expect(page.locator("h1")).to_have_text("row-57.png")
    expect(page.locator(".summary")).to_contain_text("NG")
    page.get_by_role("button", name="Bad").click()
    expect(page.get_by_role("button", name="Bad")).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(page.get_by_role("button", name="Bad")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Take back").click()
    expect(page.get_by_role("button", name="Bad")).to_have_attribute("aria-pressed", "false")


def test_an_inspection_that_is_not_there_is_one_sentence(open_page: Any):
    page = open_page("history/999999", expected="Failed to load resource")
    expect(page.locator(".toast.error")).to_contain_text(re.compile(r"999999|no "))


def test_a_reload_keeps_what_was_chosen(open_page: Any, station: str):
    page = open_page()
    send(page, file("kept-1.png", NG))
    send(page, file("kept-2.png", OK))
    page.get_by_role("button", name="kept-1.png").click()
    expect(page.locator(".banner")).to_contain_text("kept-1.png")
    page.get_by_role("radio", name="Overlay").check()
    page.get_by_label("Heat opacity").fill("0.35")
    page.get_by_label("Pixel threshold").fill("0.7")
    page.get_by_role("button", name="Options").click()
    page.get_by_label("Theme").select_option("dark")
    page.get_by_role("button", name="Close").click()
    page.reload()
    expect(page.locator(".banner")).to_contain_text("kept-1.png")
    expect(page.get_by_role("radio", name="Overlay")).to_be_checked()
    expect(page.get_by_label("Heat opacity")).to_have_value("0.35")
    expect(page.get_by_label("Pixel threshold")).to_have_value(re.compile(r"0\.7"))
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    # Another tab of the same browser finds the picture by its address.
    expect(page).to_have_url(re.compile(r"#/inspect/\d+$"))
