"""The wall: every source, line and model side by side."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flawflow.model_file import write_model
from flawflow.model_file.card import Card

from .conftest import NG, OK, picture, post, serving

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

Open = Callable[..., "Page"]
SOURCES = ("press-1", "press-2", "press-3", "press-4", "press-5", "press-6", "press-7")
WALL = {"width": 1920, "height": 1080}


@pytest.fixture(scope="module")
def station(folder: Path, tiny_graph: bytes, tiny_card: Card) -> Iterator[str]:
    write_model(folder / "part.flaw", tiny_graph, tiny_card)
    for name in (*SOURCES, "gears", "caps"):
        (folder / "in" / name).mkdir(parents=True)
    lines = ("--line", "gears=in/gears", "--line", "caps=in/caps")
    with serving(folder, "--allow", "in", *lines) as address:
        yield address


@pytest.fixture
def wall(open_page: Open, station: str) -> "Page":
    """A wall of seven sources and two lines."""
    page = open_page("model", viewport=WALL)
    for name in SOURCES:
        body = {"kind": "folder", "address": name, "interval": 0.1}
        assert page.request.post(f"{station}api/sources", data=body).status in (200, 409)
    page.goto(f"{station}#/wall")
    expect(page.locator(".cell")).to_have_count(len(SOURCES) + 2)
    return page


def test_nine_cells_are_read_from_three_metres_without_scrolling(wall: "Page", folder: Path):
    for number, name in enumerate(SOURCES):
        (folder / "in" / name / f"{number}.png").write_bytes(picture(NG if name == "press-2" else OK))
    expect(wall.get_by_role("region", name="press-7").locator(".cell-word")).to_have_text("OK")
    press = wall.get_by_role("region", name="press-2")
    expect(press.locator(".cell-word")).to_have_text("NG")
    expect(press.locator(".cell-counts")).to_contain_text("NG1")
    expect(press.locator("img")).to_be_visible()
    assert wall.evaluate("document.documentElement.scrollHeight <= innerHeight")
    # Capitals of 75 pixels are 15 mm high on a screen of 24 inches: a two hundredth of three metres.
    size = "element => parseFloat(getComputedStyle(element).fontSize)"
    assert press.locator(".cell-word").evaluate(size) >= 72
    assert press.locator("dd").first.evaluate(size) >= 36
    words = wall.locator(".cell-word, .cell-counts dd, .cell h2")
    assert words.evaluate_all("all => all.every((one) => one.scrollWidth <= one.clientWidth)")


def test_counters_of_the_shift_go_on_and_a_reload_keeps_them(wall: "Page", folder: Path):
    press = wall.get_by_role("region", name="press-3")
    before = int(press.locator("dd").first.inner_text())
    for number in range(3):
        (folder / "in" / "press-3" / f"more-{number}.png").write_bytes(picture(OK + number))
    expect(press.locator("dd").first).to_have_text(str(before + 3))
    wall.reload()
    expect(press.locator("dd").first).to_have_text(str(before + 3))


def test_a_cell_without_pictures_says_so_and_a_line_where_it_is(wall: "Page"):
    line = wall.get_by_role("region", name="gears")
    expect(line).to_have_attribute("data-verdict", "none")
    expect(line).to_contain_text("No picture in this shift.")
    expect(line).to_contain_text("the machine does not trigger")


def test_a_source_that_is_gone_is_grey_beside_those_that_work(wall: "Page", folder: Path):
    place = folder / "in" / "press-4"
    (place / "here.png").write_bytes(picture(OK))
    press = wall.get_by_role("region", name="press-4")
    expect(press).to_have_attribute("data-verdict", "OK")
    place.rename(folder / "away")
    expect(press).to_have_attribute("data-verdict", "stale")
    expect(press).to_contain_text("The source has had a problem for")
    (folder / "away").rename(place)
    expect(press).to_have_attribute("data-verdict", "OK")


def test_cells_may_be_models_and_a_picture_from_anywhere_counts(wall: "Page", station: str):
    wall.get_by_role("radio", name="Model").check()
    expect(wall.locator(".cell")).to_have_count(1)
    counter = wall.locator(".cell dd").first
    before = int(counter.inner_text())
    post(wall, station, "by-hand.png", OK)
    expect(counter).to_have_text(str(before + 1))


def test_lines_of_the_machine_are_shown_beside_the_newest_picture(open_page: Open):
    card = open_page().get_by_role("region", name="Lines of the machine")
    expect(card).to_contain_text("gears")
    expect(card).to_contain_text("the machine does not trigger")
