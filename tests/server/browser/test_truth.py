"""A verdict without fresh evidence is none, and an NG waits until somebody acknowledges it."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flawflow.model_file import write_model
from flawflow.model_file.card import Card

from .conftest import NG, OK, picture, post, serving

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Open = Callable[..., "Page"]


def watch(page: "Page", station: str, name: str) -> None:
    body = {"kind": "folder", "address": name, "interval": 0.1}
    assert page.request.post(f"{station}api/sources", data=body).status in (200, 409)


def options(page: "Page", choose: Callable[["Page"], None]) -> None:
    page.get_by_role("button", name="Options").click()
    choose(page)
    page.get_by_role("button", name="Close").click()


def test_a_station_that_is_gone_takes_its_verdict_with_it(
    browser: "Browser", tmp_path: Path, tiny_graph: bytes, tiny_card: Card
):
    write_model(tmp_path / "part.flaw", tiny_graph, tiny_card)
    with serving(tmp_path) as address:
        page = browser.new_page()
        page.goto(address)
        post(page, address, "last.png", OK)
        expect(page.locator(".banner")).to_have_attribute("data-verdict", "OK")
    expect(page.locator(".banner")).to_have_attribute("data-verdict", "stale")
    expect(page.locator(".verdict-word")).to_have_text("No verdict")
    expect(page.locator(".verdict-meaning")).to_have_text(
        re.compile(r"The station has not answered for \d+ s\. The last one was OK\.")
    )
    expect(page.locator("#alarm")).to_contain_text("The station does not answer")
    with serving(tmp_path, "--port", address.rstrip("/").rpartition(":")[2]):
        expect(page.locator("#alarm")).to_be_hidden()
        expect(page.locator(".banner")).to_have_attribute("data-verdict", "OK")
    page.close()


def test_a_source_that_is_gone_is_an_alarm_and_no_verdict(open_page: Open, station: str, folder: Path):
    page, line = open_page(), folder / "allowed" / "line"
    watch(page, station, "line")
    (line / "good.png").write_bytes(picture(OK))
    expect(page.locator(".banner")).to_contain_text("good.png")
    expect(page.locator(".banner")).to_have_attribute("data-verdict", "OK")
    line.rename(folder / "away")
    expect(page.locator(".banner")).to_have_attribute("data-verdict", "stale")
    expect(page.locator(".verdict-meaning")).to_contain_text("The source has had a problem for")
    alarm = page.locator("#alarm")
    expect(alarm.get_by_role("alert")).to_contain_text("gone or not mounted")
    expect(alarm).to_contain_text(re.compile(r"for \d+ s"))
    # It is seen in every view.
    page.goto(f"{station}#/model")
    expect(alarm).to_contain_text("gone or not mounted")
    (folder / "away").rename(line)
    expect(alarm).to_be_hidden()
    page.goto(f"{station}#/inspect")
    expect(page.locator(".banner")).to_have_attribute("data-verdict", "OK")


def test_a_picture_that_is_overdue_is_no_verdict(open_page: Open, station: str):
    page = open_page()
    options(page, lambda page: page.get_by_label("too old").select_option("5"))
    post(page, station, "one.png", OK)
    expect(page.locator(".banner")).to_contain_text("one.png")
    expect(page.locator(".banner")).to_have_attribute("data-verdict", "OK")
    expect(page.locator(".verdict-meaning")).to_have_text(
        re.compile(r"No new picture for \d+ s\. The last one was OK\.")
    )
    post(page, station, "two.png", OK)
    expect(page.locator(".banner")).to_have_attribute("data-verdict", "OK")
    expect(page.locator(".verdict-meaning")).to_have_text("like the good parts")


def test_an_older_picture_that_is_looked_at_is_no_verdict_of_now(open_page: Open, station: str):
    page = open_page()
    number = post(page, station, "older.png", OK)
    post(page, station, "newer.png", NG)
    page.goto(f"{station}#/inspect/{number}")
    expect(page.locator(".banner")).to_have_class(re.compile("pinned"))
    expect(page.locator(".verdict-meaning")).to_contain_text("An older picture")


def test_one_ng_among_many_oks_waits_until_it_is_acknowledged(open_page: Open, station: str):
    page = open_page()
    options(page, lambda page: page.get_by_label("NG stays").check())
    for number in range(12):
        post(page, station, f"fast-{number:02d}.png", NG if number == 3 else OK)
    expect(page.locator(".strip")).to_contain_text("fast-11.png")
    banner = page.locator(".banner")
    expect(banner).to_have_attribute("data-verdict", "NG")
    expect(banner).to_contain_text("fast-03.png")
    # Over a reload, and in another page of this browser, which acknowledges it for both.
    page.reload()
    expect(banner).to_contain_text("fast-03.png")
    other = page.context.new_page()
    other.goto(f"{station}#/wall")
    other.get_by_role("button", name="Acknowledge 1 NG").click()
    expect(banner).to_contain_text("fast-11.png")
    expect(banner).to_have_attribute("data-verdict", "OK")
    expect(page.get_by_role("button", name="Acknowledge")).to_be_hidden()


def test_a_message_goes_away_by_itself_and_lies_over_nothing(open_page: Open, station: str):
    page = open_page(expected="403")
    page.get_by_label("Address on the station's machine").fill("/none")
    page.get_by_role("button", name="Watch", exact=True).click()
    note = page.locator(".toast.error")
    expect(note).to_be_visible()
    shown = time.monotonic()
    page.evaluate("scrollTo(0, 0)")
    box, main = note.bounding_box(), page.locator("main").bounding_box()
    assert box is not None
    assert main is not None
    assert box["y"] + box["height"] <= main["y"]
    expect(note).to_have_count(0)
    assert time.monotonic() - shown > 5
