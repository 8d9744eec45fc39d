"""From nothing to a model that inspects: a station without one, a real training, all in the browser."""

import io
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from flawflow.images import read_mask
from flawflow.model_file import read_model
from flawflow.synthetic import draw_part

from .conftest import serving

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect
pytest.importorskip("torch", reason="training is not installed")

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

_SIDE, _COUNT = 64, 14
# A training goes behind everything else, other tests on the same cores among it.
_LEARNING_MS = 1_200_000
_QUICK = "encoder=test_efficientnet weights=random size=32 detector=mahalanobis"


def drawn(number: int, kind: str = "PNG") -> Any:
    pixels, _ = draw_part(None, rng=np.random.default_rng(300 + number), size=_SIDE)
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, kind)
    return {"name": f"gear-{number}.{kind.lower()}", "mimeType": "image/png", "buffer": content.getvalue()}


@pytest.fixture
def station(folder: Any) -> Iterator[str]:
    """The address of a station that is started without any model."""
    with serving(folder, models=()) as address:
        yield address


def drag(page: "Page", canvas: "Locator", *shares: tuple[float, float]) -> None:
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in shares]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=4)
    page.mouse.up()


def test_from_nothing_to_an_inspection(open_page: Any, station: str, folder: Any):
    page: Page = open_page()
    expect(page.get_by_role("heading", name="No model is loaded")).to_be_visible()
    page.get_by_role("link", name="Learn a new product").click()
    page.get_by_label("Name of the product").fill("gear")
    page.get_by_role("button", name="Begin").click()

    # Pictures, one of them twice and one that is none.
    given = [*map(drawn, range(_COUNT)), drawn(0, "BMP")]
    wrong = {"name": "notes.png", "mimeType": "image/png", "buffer": b"hello"}
    page.locator("input[type=file]").first.set_input_files([*given, wrong])
    expect(page.get_by_text(f"{len(given)} pictures added.")).to_be_visible()
    expect(page.get_by_text("1 file could not be added")).to_be_visible()
    expect(page.locator(".tile img")).to_have_count(len(given))
    page.get_by_role("radio", name="Copies (1)").check(force=True)
    expect(page.locator(".tile img")).to_have_count(1)
    page.get_by_role("button", name="Leave out gear-0.bmp").click()
    expect(page.get_by_text("1 is left out.")).to_be_visible()

    # What counts: a rectangle is drawn, taken back, and drawn again.
    canvas = page.locator("canvas.mask")
    drag(page, canvas, (0.5, 0.5), (0.9, 0.9))
    page.get_by_role("button", name="Undo the stroke").click()
    expect(page.get_by_role("button", name="Keep the region")).to_be_disabled()
    drag(page, canvas, (0.25, 0.25), (0.75, 0.75))
    page.get_by_role("button", name="Keep the region").click()
    expect(page.get_by_text("What is drawn counts.")).to_be_visible()
    mask = read_mask(folder / "station" / "drafts" / "gear" / "roi.png")
    rows, columns = np.nonzero(mask)
    assert mask.shape == (_SIDE, _SIDE)
    for edge, wanted in ((rows.min(), 16), (rows.max(), 47), (columns.min(), 16), (columns.max(), 47)):
        assert abs(int(edge) - wanted) <= 2

    # Learning goes on while nobody looks.
    page.get_by_label("Preset").select_option("fast")
    page.get_by_label("Other settings").fill(_QUICK)
    page.get_by_role("button", name="Learn", exact=True).click()
    expect(page.get_by_role("progressbar", name="Learning")).to_be_visible()
    page.close()
    page = open_page("learn?name=gear")
    expect(page.get_by_text("This is learned.")).to_be_visible(timeout=_LEARNING_MS)
    card = read_model(folder / "station" / "drafts" / "gear" / "gear.flaw").card
    assert (card.training.dataset, card.size, card.detector) == ("gear", (32, 32), "mahalanobis")
    assert card.roi_run_lengths != ()
    assert card.recipe is not None
    assert card.recipe.preset == "fast"

    # The threshold, with its promise; then it inspects, without a restart.
    expect(page.locator(".thresholds .plot rect").first).to_be_visible()
    page.get_by_label("NG, at most, in percent").fill("20")
    page.get_by_label("NG, at most, in percent").press("Enter")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("button", name="Apply")).to_be_hidden()
    assert page.request.get(f"{station}api/models").json() == []
    page.get_by_role("button", name="Inspect with it").click()
    expect(page.get_by_text("The station inspects with gear now.")).to_be_visible()
    page.get_by_role("button", name="Send it pictures").click()
    with page.expect_response("**/api/inspect"):
        page.locator("input[type=file]").set_input_files([drawn(90)])
    expect(page.locator(".verdict-word")).to_have_text("OK")
    (model,) = page.request.get(f"{station}api/models").json()
    assert (model["name"], model["calibration"]["false_reject_rate"]) == ("gear", 0.2)
    actions = [each["action"] for each in page.request.get(f"{station}api/audit").json()["entries"]]
    assert json.dumps(actions).count("draft.") >= 5


def test_a_folder_that_is_dropped_is_sent_with_all_that_is_in_it(open_page: Any, station: str):
    page: Page = open_page()
    page.request.post(f"{station}api/drafts", data={"name": "dropped"})
    page.goto(f"{station}#/learn?name=dropped")
    page.locator(".tiles").wait_for(state="attached")
    content = [list(drawn(number)["buffer"]) for number in (1, 2)]
    page.evaluate(
        """(contents) => {
            const file = (name, bytes) => ({ isFile: true, name, file: (done) =>
                done(new File([new Uint8Array(bytes)], name, { type: "image/png" })) });
            const folder = (name, entries) => ({ isDirectory: true, name, createReader: () => {
                const parts = entries.map((entry) => [entry]);
                return { readEntries: (done) => done(parts.shift() ?? []) };
            } });
            const [deep, hidden] = ["deep", ".hidden"].map((name, i) =>
                folder(name, [file(i ? "c.png" : "b.png", contents[1 - i])]));
            const root = folder("good", [file("a.png", contents[0]), deep, hidden]);
            const event = new Event("drop", { bubbles: true, cancelable: true });
            event.dataTransfer = { types: ["Files"], files: [], items: [{ webkitGetAsEntry: () => root }] };
            document.querySelector(".tiles").dispatchEvent(event);
        }""",
        content,
    )
    expect(page.get_by_text("2 pictures added.")).to_be_visible()
    names = [each["name"] for each in page.request.get(f"{station}api/drafts/dropped/pictures").json()]
    assert names == ["a.png", "b.png"]


def test_a_draft_fits_a_phone(open_page: Any, station: str):
    page: Page = open_page(viewport={"width": 390, "height": 844})
    page.request.post(f"{station}api/drafts", data={"name": "small"})
    page.goto(f"{station}#/learn?name=small")
    page.locator("input[type=file]").first.set_input_files([drawn(number) for number in range(3)])
    page.locator(".tile img").nth(2).wait_for()
    rights = "[...document.querySelectorAll('main *')].map((part) => part.getBoundingClientRect().right)"
    assert max(page.evaluate(rights)) <= 390
