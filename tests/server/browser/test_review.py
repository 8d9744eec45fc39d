"""The review by keyboard and by touch, with masks."""

import io
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from .conftest import REVIEW, post

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture
def page(open_page: Any, station: str) -> "Page":
    """A page with twelve pictures that wait for review, numbered from 0."""
    opened = open_page("model")
    for waiting in opened.request.get(f"{station}api/review/queue?limit=200").json():
        opened.request.put(f"{station}api/inspections/{waiting['id']}/label", data={"label": "skip"})
    for number in range(12):
        post(opened, station, f"part-{number:02d}.png", REVIEW)
    opened.goto(f"{station}#/review")
    expect(opened.locator(".about h2")).to_have_text("part-00.png")
    return opened


def labels(page: "Page", station: str) -> list[str | None]:
    """What was said of the twelve newest pictures, the oldest first."""
    found = page.request.get(f"{station}api/inspections?verdict=REVIEW&limit=12").json()["inspections"]
    return [inspection["label"] for inspection in reversed(found)]


def test_ten_pictures_are_reviewed_by_keyboard(page: "Page", station: str):
    for key in "gbggsbgggb":
        page.keyboard.press(key)
    expect(page.locator(".about h2")).to_have_text("part-10.png")
    named = {"g": "good", "b": "bad", "s": "skip"}
    assert labels(page, station) == [*(named[key] for key in "gbggsbgggb"), None, None]
    page.keyboard.press("u")
    expect(page.locator(".about h2")).to_have_text("part-09.png")
    assert labels(page, station)[9] is None
    # What was said, how far one is and what can be taken back outlive a reload.
    page.reload()
    expect(page.locator(".about h2")).to_have_text("part-09.png")
    page.keyboard.press("u")
    expect(page.locator(".about h2")).to_have_text("part-08.png")
    assert labels(page, station)[8:10] == [None, None]


def test_arrows_look_without_a_word(page: "Page", station: str):
    page.keyboard.press("ArrowRight")
    expect(page.locator(".about h2")).to_have_text("part-01.png")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".about h2")).to_have_text("part-11.png")
    assert set(labels(page, station)) == {None}


def test_progress_says_how_many(page: "Page"):
    meter = page.get_by_role("progressbar", name="Reviewed")
    before = float(meter.get_attribute("value"))
    page.get_by_role("button", name="Good").click()
    expect(page.locator(".about h2")).to_have_text("part-01.png")
    expect(meter).to_have_attribute("value", str(int(before) + 1))
    expect(page.locator(".view-head")).to_contain_text(re.compile(r"\d+ of \d+ reviewed; last: Good"))


def test_a_mask_is_drawn_and_kept_with_the_label(page: "Page", station: str):
    page.keyboard.press("m")
    box = page.locator("canvas.mask").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + box["width"] / 4, y, steps=5)
    page.mouse.up()
    page.keyboard.press("b")
    expect(page.locator(".about h2")).to_have_text("part-01.png")
    newest = page.request.get(f"{station}api/inspections?verdict=REVIEW&limit=12").json()["inspections"]
    first = newest[-1]
    assert (first["label"], first["has_mask"]) == ("bad", True)
    body = page.request.get(f"{station}api/inspections/{first['id']}/mask").body()
    mask = np.asarray(Image.open(io.BytesIO(body)).convert("L")) > 0
    assert mask.shape == (32, 32)
    assert mask[16, 16:24].all()
    assert not mask[:10].any()


def test_a_mask_is_discarded_by_escape(page: "Page", station: str):
    page.keyboard.press("m")
    expect(page.locator("canvas.mask")).to_be_visible()
    page.get_by_role("button", name="From the heat map").click()
    page.keyboard.press("Escape")
    expect(page.locator("canvas.mask")).to_have_count(0)
    expect(page.locator(".about h2")).to_have_text("part-00.png")


def test_the_review_works_by_touch_on_a_tablet(open_page: Any, page: "Page", station: str):
    tablet = open_page("review", viewport={"width": 820, "height": 1180}, has_touch=True)
    tablet.get_by_role("button", name="Bad").tap()
    expect(tablet.locator(".about h2")).to_have_text("part-01.png")
    tablet.get_by_role("button", name="Undo").tap()
    expect(tablet.locator(".about h2")).to_have_text("part-00.png")
    tablet.get_by_role("button", name="Draw a mask").tap()
    box = tablet.locator("canvas.mask").bounding_box()
    tablet.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    tablet.get_by_role("button", name="Keep the mask").tap()
    expect(tablet.get_by_role("button", name="Change the mask")).to_be_visible()
    assert tablet.request.get(f"{station}api/review/queue").json()[0]["has_mask"]


def test_the_nearest_to_the_threshold_are_offered_when_nothing_waits(open_page: Any, station: str):
    page = open_page("model")
    for waiting in page.request.get(f"{station}api/review/queue?limit=200").json():
        page.request.put(f"{station}api/inspections/{waiting['id']}/label", data={"label": "skip"})
    numbers = [post(page, station, f"near-{level}.png", level) for level in (119, 120)]
    page.goto(f"{station}#/review")
    expect(page.locator(".empty")).to_contain_text("Nothing to review")
    page.get_by_role("button", name=re.compile("nearest to the threshold")).click()
    expect(page.locator(".about h2")).to_have_text("near-120.png")
    page.keyboard.press("g")
    expect(page.locator(".about h2")).to_have_text("near-119.png")
    assert page.request.get(f"{station}api/inspections/{numbers[1]}").json()["label"] == "good"
