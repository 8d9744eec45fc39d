"""The review by keyboard and by touch, with masks."""

import io
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from .conftest import NG, REVIEW, post

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

# Whether each canvas of a mask is inked at a fifth, a half and four fifths of its middle line.
INKED = """() => [...document.querySelectorAll("canvas.mask")].map((canvas) =>
    [0.2, 0.5, 0.8].map((share) => {
        const { width, height } = canvas;
        const { data } = canvas.getContext("2d").getImageData(share * width, height / 2, 1, 1);
        return data[3] > 127;
    }))"""


@pytest.fixture
def page(open_page: Any, station: str) -> "Page":
    """A page with twelve pictures that wait for review, numbered from 0."""
    # The tests themselves read canvases again and again.
    opened = open_page("model", expected="willReadFrequently")
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
    box = page.locator("canvas.mask").first.bounding_box()
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


def draw(page: "Page", canvas: Any, *, from_: float, to: float) -> None:
    """Draw a line across a canvas, at the middle of its height."""
    box = canvas.bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + from_ * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + to * box["width"], y, steps=5)
    page.mouse.up()


def mask_of(page: "Page", station: str, number: int) -> np.ndarray:
    body = page.request.get(f"{station}api/inspections/{number}/mask").body()
    return np.asarray(Image.open(io.BytesIO(body)).convert("L")) > 0


def test_a_mask_is_drawn_on_either_picture_its_strokes_taken_back_and_it_is_shown(page: "Page", station: str):
    number = page.request.get(f"{station}api/review/queue").json()[0]["id"]
    page.keyboard.press("m")
    canvases = page.locator("canvas.mask")
    expect(canvases).to_have_count(2)
    draw(page, canvases.nth(0), from_=0.1, to=0.3)
    # What is drawn on the heat map is seen on the picture, and the other way round.
    draw(page, canvases.nth(1), from_=0.7, to=0.9)
    draw(page, canvases.nth(1), from_=0.45, to=0.55)
    inked = page.evaluate(INKED)
    assert inked[0] == inked[1]
    assert all(inked[0])
    page.keyboard.press("u")
    assert page.evaluate(INKED) == [[True, False, True]] * 2
    page.get_by_role("button", name="Undo the stroke").click()
    assert page.evaluate(INKED) == [[True, False, False]] * 2
    page.keyboard.press("m")
    expect(page.locator("canvas.mask")).to_have_count(0)
    mask = mask_of(page, station, number)
    assert mask[16, 4:9].all()
    assert not mask[:, 12:].any()
    for kept in page.locator("path.kept").all():
        expect(kept).to_have_attribute("d", re.compile("M"))
    expect(page.get_by_text("The mask that was drawn is shown in blue.")).to_be_visible()


def test_a_mask_is_drawn_and_changed_in_the_history(open_page: Any, station: str, wait: Any):
    page = open_page("model", expected="willReadFrequently")
    number = post(page, station, "masked.png", NG)
    page.goto(f"{station}#/history/{number}")
    page.get_by_role("button", name="Draw a mask").click()
    draw(page, page.locator("canvas.mask").nth(1), from_=0.1, to=0.3)
    page.get_by_role("button", name="Keep the mask").click()
    expect(page.locator("path.kept").first).to_have_attribute("d", re.compile("M"))
    expect(page.locator(".facts")).to_contain_text("drawn")
    before = mask_of(page, station, number)
    page.reload()
    expect(page.locator("path.kept").first).to_have_attribute("d", re.compile("M"))
    page.get_by_role("button", name="Change the mask").click()
    # Asked from here: a page that forbids `eval` does not let Playwright ask twice.
    wait(lambda: page.evaluate(INKED)[0][0])
    draw(page, page.locator("canvas.mask").first, from_=0.7, to=0.9)
    page.get_by_role("button", name="Keep the mask").click()
    expect(page.locator("canvas.mask")).to_have_count(0)
    after = mask_of(page, station, number)
    assert (after[before]).all()
    assert after[16, 25]
    assert not before[16, 25]


def test_a_mask_is_discarded_by_escape(page: "Page", station: str):
    page.keyboard.press("m")
    expect(page.locator("canvas.mask")).to_have_count(2)
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
    box = tablet.locator("canvas.mask").first.bounding_box()
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
