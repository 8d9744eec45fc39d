"""For everybody: names, contrast, focus, room for a finger, both themes, less motion, and the token."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from flawflow.model_file import write_model
from flawflow.model_file.card import Card

from .conftest import NG, REVIEW, post, script, serving

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# Every view, and what stands there when it is filled.
VIEWS = {
    "inspect": ".verdict-name a",
    "wall": ".cell-word",
    "history": "tbody tr a",
    "history/1": ".summary",
    "review": ".about h2",
    "improve": ".small td",
    "learn": ".drafts a",
    "learn?name=gear": ".thresholds .plot rect",
    "model": ".facts dd",
}
WAYS = [("light", 1280, 860), ("dark", 1280, 860), ("light", 820, 1180), ("dark", 820, 1180)]

NAMELESS = script("nameless.js")
SMALL = script("small.js")
PALE = script("pale.js")
RINGED = script("ringed.js")
MOVING = script("moving.js")


@pytest.fixture
def filled(open_page: Any, station: str) -> None:
    page = open_page("model")
    if not page.request.get(f"{station}api/inspections").json()["inspections"]:
        for level in (NG, REVIEW):
            post(page, station, f"a-part-with-a-rather-long-name-{'x' * 80}-{level}.png", level)


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(("theme", "width", "height"), WAYS)
def test_every_view_is_named_readable_and_large_enough(
    open_page: Any, station: str, theme: str, width: int, height: int
):
    page = open_page(color_scheme=theme, viewport={"width": width, "height": height})
    for view, filled in VIEWS.items():
        page.goto(f"{station}#/{view}")
        page.locator(filled).first.wait_for()
        page.evaluate("() => document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        assert page.evaluate(NAMELESS) == [], view
        assert page.evaluate(SMALL) == [], view
        assert page.evaluate(PALE) == [], view
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{view} overflows"
        assert page.locator("h1").count() == 1, view
    assert page.locator("html").get_attribute("lang") == "en"


@pytest.mark.usefixtures("filled")
def test_the_focus_is_seen_and_goes_in_order(open_page: Any):
    page = open_page()
    page.get_by_role("slider", name="Threshold of NG").wait_for()
    page.locator(".banner .verdict-name a").wait_for()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Skip to the content")).to_be_focused()
    seen = []
    for _ in range(14):
        page.keyboard.press("Tab")
        assert page.evaluate(RINGED), page.evaluate("document.activeElement.outerHTML")
        seen.append(page.evaluate("document.activeElement.getBoundingClientRect().top + scrollY"))
    # From the bar downwards, through the main column before the side column.
    assert seen[0] < seen[-1]
    page.keyboard.press("Shift+Tab")


def test_the_skip_button_leads_to_the_content(open_page: Any):
    page = open_page("history")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_less_motion_is_none(open_page: Any):
    page = open_page(reduced_motion="reduce")
    assert page.evaluate(MOVING) == 0


def test_the_theme_follows_the_system_until_it_is_chosen(open_page: Any):
    page = open_page(color_scheme="dark")
    dark = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    page.emulate_media(color_scheme="light")
    light = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert dark != light
    page.get_by_role("button", name="Options").click()
    page.get_by_label("Theme").select_option("dark")
    expect(page.locator("html")).to_have_css("background-color", dark)
    page.get_by_role("button", name="Close").click()
    page.reload()
    expect(page.locator("html")).to_have_css("background-color", dark)


def test_the_token_is_asked_for_once(browser: "Browser", tmp_path: Path, tiny_graph: bytes, tiny_card: Card):
    write_model(tmp_path / "part.flaw", tiny_graph, tiny_card)
    with serving(tmp_path, "--token", "a-long-enough-token") as address:
        page = browser.new_page()
        page.goto(address)
        page.get_by_role("textbox", name="Token").fill("not-the-token-at-all")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).not_to_be_empty()
        page.get_by_role("textbox", name="Token").fill("a-long-enough-token")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Ready")).to_be_visible()
        page.reload()
        expect(page.get_by_text("Ready")).to_be_visible()
        assert "a-long-enough-token" not in page.evaluate(
            "JSON.stringify([document.cookie, {...localStorage}])"
        )
        page.get_by_role("button", name="Log out").click()
        expect(page.get_by_role("textbox", name="Token")).to_be_visible()
        page.reload()
        expect(page.get_by_role("textbox", name="Token")).to_be_visible()
        page.close()


GUESS = """() => {
  window.guessing = true;
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify({ token: "wrong" });
  const guess = async () => {
    while (window.guessing) await fetch("/api/login", { method: "POST", headers, body });
  };
  for (let number = 0; number < 3; number += 1) guess();
}"""


def test_who_guesses_too_often_is_told_so(
    browser: "Browser", tmp_path: Path, tiny_graph: bytes, tiny_card: Card
):
    write_model(tmp_path / "part.flaw", tiny_graph, tiny_card)
    with serving(tmp_path, "--token", "a-long-enough-token") as address:
        page = browser.new_page()
        page.goto(address)
        # Others guess all the time; by hand alone nobody is fast enough on a busy machine.
        page.evaluate(GUESS)
        alert = page.get_by_role("alert")
        for number in range(30):
            page.get_by_role("textbox", name="Token").fill(f"not-the-token-at-all-{number}")
            with page.expect_response("**/api/login"):
                page.keyboard.press("Enter")
            expect(alert).not_to_be_empty()
            if "too many" in alert.inner_text():
                break
        expect(alert).to_contain_text("too many wrong tokens")
        page.evaluate("window.guessing = false")
        page.get_by_role("textbox", name="Token").fill("a-long-enough-token")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Ready")).to_be_visible()
        page.close()


def test_nobody_is_asked_to_log_out_where_there_is_no_token(open_page: Any):
    page = open_page()
    expect(page.locator("#live")).to_have_text("live")
    expect(page.get_by_role("button", name="Log out")).to_be_hidden()


def test_a_station_that_stops_is_missed_and_found_again(
    browser: "Browser", tmp_path: Path, tiny_graph: bytes, tiny_card: Card
):
    write_model(tmp_path / "part.flaw", tiny_graph, tiny_card)
    with serving(tmp_path) as address:
        page = browser.new_page()
        page.goto(address)
        expect(page.locator("#live")).to_have_text("live")
    expect(page.locator("#live")).to_have_text("not connected, trying again")
    page.get_by_role("link", name="History").click()
    expect(page.locator(".toast.error")).to_contain_text("does not answer")
    with serving(tmp_path, "--port", address.rstrip("/").rpartition(":")[2]):
        expect(page.locator("#live")).to_have_text("live")
        page.close()
