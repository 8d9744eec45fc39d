"""Pictures in, verdicts out, and thresholds that are moved."""

import base64
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from flawflow.decision.calibration import Calibration
from flawflow.model_file import write_model
from flawflow.model_file.card import Card
from flawflow.report.wording import rarity

from .conftest import NG, OK, REVIEW, file, picture, post, script, send, serving

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

DROP = script("drop.js")


MOST_ALPHA = script("most_alpha.js")


def drop(page: "Page", name: str, level: int) -> None:
    page.evaluate(DROP, [name, base64.b64encode(picture(level)).decode()])


@pytest.mark.parametrize(("level", "verdict"), [(OK, "OK"), (REVIEW, "REVIEW"), (NG, "NG")])
def test_a_dropped_picture_gets_its_verdict(open_page: Any, level: int, verdict: str):
    page = open_page()
    drop(page, f"dropped-{verdict}.png", level)
    banner = page.locator(".banner")
    expect(banner.locator(".verdict-word")).to_have_text(verdict)
    expect(banner).to_contain_text(f"dropped-{verdict}.png")
    expect(banner.locator("[aria-live]")).to_contain_text(verdict)
    expect(banner.locator("svg")).to_have_count(1)
    # The word is read from three metres: 60 pixels are 16 mm on a common screen.
    assert (
        page.evaluate("parseFloat(getComputedStyle(document.querySelector('.verdict-word')).fontSize)") >= 60
    )


def test_heat_and_outline_follow_the_sliders(open_page: Any):
    page = open_page()
    send(page, file("bright.png", NG))
    line = page.locator(".pane").first.locator("path.line")
    expect(line).to_have_attribute("d", re.compile("M"))
    threshold = page.get_by_label("Pixel threshold")
    threshold.focus()
    threshold.press("End")
    expect(line).to_have_attribute("d", "")
    page.get_by_role("button", name="Reset").click()
    expect(line).to_have_attribute("d", re.compile("M"))
    opacity = page.get_by_label("Heat opacity")
    opacity.focus()
    opacity.press("Home")
    assert page.evaluate(MOST_ALPHA) == 0
    opacity.press("End")
    assert page.evaluate(MOST_ALPHA) > 200


def test_what_another_client_sends_appears_by_itself(open_page: Any, station: str):
    page = open_page()
    expect(page.locator("#live")).to_have_attribute("data-state", "on")
    post(page, station, "elsewhere.png", NG)
    expect(page.locator(".banner")).to_contain_text("elsewhere.png")


def test_an_unreadable_file_is_one_sentence_beside_the_others(open_page: Any):
    # The browser itself notes the refusal of the single request.
    page = open_page(expected="Failed to load resource")
    broken = {"name": "broken.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\nnothing"}
    send(page, broken, file("whole.png", OK))
    expect(page.locator(".failures summary")).to_have_text("1 picture could not be inspected")
    expect(page.locator(".failures li")).to_contain_text("broken.png")
    expect(page.locator(".banner")).to_contain_text("whole.png")


def test_overload_is_waited_for(open_page: Any):
    page = open_page(expected="Failed to load resource")
    refusals = iter(range(2))

    def busy(route: Any) -> None:
        if next(refusals, None) is None:
            route.continue_()
        else:
            route.fulfill(status=503, headers={"Retry-After": "1"}, json={"detail": "The queue is full."})

    page.route("**/api/inspect", busy)
    page.locator("input[type=file]").set_input_files([file("patient.png", OK)])
    expect(page.locator("#live")).to_have_text("busy, trying again")
    expect(page.locator(".banner")).to_contain_text("patient.png")
    expect(page.locator("#live")).to_have_text("live")


def test_a_threshold_is_moved_by_keyboard_and_applied(open_page: Any, station: str):
    page = open_page()
    handle = page.get_by_role("slider", name="Threshold of NG")
    expect(handle).to_have_attribute("aria-valuetext", re.compile("false reject rate of at most 1 %"))
    handle.focus()
    handle.press("ArrowLeft")
    expect(handle).to_have_attribute("aria-valuetext", re.compile("at most 2 %"))
    expect(page.locator(".promise")).to_contain_text("Guaranteed by 99 good calibration pictures")
    page.get_by_role("button", name="Cancel").click()
    expect(handle).to_have_attribute("aria-valuetext", re.compile("at most 1 %"))
    handle.press("PageDown")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("button", name="Apply")).to_be_hidden()
    calibration = page.request.get(f"{station}api/models/part").json()["calibration"]
    assert calibration["false_reject_rate"] == pytest.approx(0.11, abs=1e-5)
    # A tenth of the scores lies above: the threshold is that of the scale, the rate not one step beside it.
    assert calibration["ng_threshold"] == pytest.approx(0.45)
    page.reload()
    expect(handle).to_have_attribute("aria-valuetext", re.compile("at most 11 %"))


def test_rates_that_change_while_the_page_loads_are_seen(browser: Any, station: str):
    page = browser.new_page()
    model = f"{station}api/models/part"
    rates = page.request.get(model).json()["calibration"]
    before = {key: rates[key] for key in ("false_reject_rate", "review_rate")}

    def change_first(route: Any) -> None:
        page.request.post(f"{model}/rates", data={"false_reject_rate": 0.2, "review_rate": 0.4})
        route.continue_()

    page.route("**/api/events", change_first)
    page.goto(station)
    expect(page.locator("#live")).to_have_text("live")
    expect(page.get_by_label("NG, at most", exact=False)).to_have_value("20")
    page.request.post(f"{model}/rates", data=before)
    expect(page.get_by_label("NG, at most", exact=False)).not_to_have_value("20")
    page.close()


def test_a_threshold_is_dragged(open_page: Any):
    page = open_page()
    handle = page.get_by_role("slider", name="Threshold of REVIEW")
    expect(handle).to_have_attribute("aria-valuetext", re.compile("REVIEW above"))
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] - 12
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 60, y, steps=4)
    page.mouse.up()
    expect(page.get_by_role("button", name="Apply")).to_be_visible()
    assert float(page.get_by_label("NG or REVIEW, at most").input_value()) > 15


def test_a_rate_that_too_few_pictures_support_is_said_to_have_no_guarantee(open_page: Any):
    page = open_page()
    rate = page.get_by_label("NG, at most", exact=False)
    rate.fill("0.1")
    rate.press("Enter")
    expect(page.locator(".promise")).to_contain_text("0.1 % cannot be guaranteed: it needs 999")
    expect(page.locator(".promise")).to_have_attribute("data-kept", "false")


def test_what_arrives_meanwhile_does_not_take_typed_digits_away(open_page: Any):
    page = open_page()
    held: list[Any] = []

    def hold(route: Any) -> None:
        held.append(route)

    page.route("**/histogram", hold)
    page.reload()
    rate = page.get_by_label("NG, at most", exact=False)
    rate.fill("7")
    with page.expect_response("**/histogram"):
        held[0].continue_()
    expect(page.locator(".thresholds svg *").first).to_be_attached()
    assert rate.input_value() == "7"


def test_auditors_are_told_what_holds_of_all_good_parts(open_page: Any):
    page = open_page("model")
    for place in (".promise", "section[aria-label=Card]"):
        expect(page.locator(place)).to_contain_text("With 95 % confidence, at most")


def test_of_a_cross_fitted_model_the_page_promises_what_its_own_pictures_do(
    browser: Any, tmp_path: Path, tiny_graph: bytes, tiny_card: Card
):
    scores = tuple(step / 200 for step in range(100))
    own, others = scores[::4], tuple(score for score in scores if score not in scores[::4])
    cross_fitted = replace(tiny_card, calibration=Calibration(own, 0.5, out_of_fold=others))
    write_model(tmp_path / "part.flaw", tiny_graph, cross_fitted)
    with serving(tmp_path) as address:
        page = browser.new_page()
        page.goto(address)
        promise, meaning = page.locator(".promise"), page.locator(".meaning")
        expect(promise).to_contain_text("1 % cannot be guaranteed: it needs 99 good calibration pictures")
        expect(promise).to_contain_text("there are 25 that its own training left out")
        expect(promise).to_have_attribute("data-kept", "false")
        expect(meaning).to_contain_text("about 0.99 % (guaranteed: at most 3.8 %)")
        # The handle goes where a threshold can be, in both directions, and the verdicts go with it.
        handle = page.get_by_role("slider", name="Threshold of NG")
        expect(handle).to_have_attribute("aria-valuenow", re.compile(r"\d"))
        handle.focus()
        steps = [float(handle.get_attribute("aria-valuenow"))]
        for key in ("ArrowLeft",) * 6 + ("ArrowRight",) * 6:
            with page.expect_response("**/rates"):
                handle.press(key)
            steps.append(float(handle.get_attribute("aria-valuenow")))
        assert steps == [steps[0] - abs(6 - abs(step - 6)) for step in range(13)]
        with page.expect_response("**/rates"):
            handle.press("PageDown")
        page.get_by_role("button", name="Apply").click()
        expect(page.get_by_role("button", name="Apply")).to_be_hidden()
        kept = page.request.get(f"{address}api/models/part").json()["calibration"]
        judge = cross_fitted.calibration.with_rates(
            false_reject_rate=kept["false_reject_rate"], review_rate=kept["review_rate"]
        )
        assert kept["ng_threshold"] == judge.threshold().score < scores[-1]
        assert kept["ng"]["guaranteed_rate"] == judge.threshold().guaranteed_rate
        page.close()


def test_a_place_below_the_pixel_threshold_is_marked_where_the_verdict_asks_to_look(
    browser: Any, tmp_path: Path, tiny_graph: bytes, tiny_card: Card
):
    blind = replace(tiny_card, calibration=replace(tiny_card.calibration, pixel_threshold=0.98))
    write_model(tmp_path / "part.flaw", tiny_graph, blind)
    with serving(tmp_path) as address:
        page = browser.new_page()
        page.goto(address)
        send(page, file("dim.png", NG))
        expect(page.locator(".verdict-word")).to_have_text("NG")
        expect(page.locator(".found")).to_contain_text("Nothing is above the model's pixel threshold")
        expect(page.locator(".found")).to_contain_text("is marked")
        expect(page.locator(".pane").first.locator("path.line")).to_have_attribute("d", re.compile("^M.*Z$"))
        page.close()


@pytest.mark.parametrize("count", [1, 99, 1234])
def test_the_page_says_rarity_as_the_reports_do(open_page: Any, count: int):
    page = open_page()
    ranks = sorted({1, 2, count // 3 + 1, count + 1})
    found = page.evaluate(
        "async ([ps, count]) => { const { rarity } = await import('/static/words.js');"
        " return ps.map((p) => rarity(p, count)); }",
        [[rank / (count + 1) for rank in ranks], count],
    )
    expected = [rarity(rank / (count + 1), count) for rank in ranks]
    assert [said.lower().replace(",", "") for said in found] == [said.lower() for said in expected]
