"""Three languages, and no word on the page that its catalogue has not."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import flawflow.server

from .conftest import NG, REVIEW, VIEWS, post, script

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Open = Callable[..., "Page"]
CATALOGUE = Path(flawflow.server.__file__).parent / "static" / "languages" / "en.json"
UNTRANSLATED = script("untranslated.js")
# What stands on the page and is nobody's words: names, verdicts, units, and figures with them.
DATA = ["flawflow", "OK", "REVIEW", "NG", "part.flaw", "translated-1.png", "translated-2.png", "SHA-256"]
DRAFT = ["line1/good", "gear-40.png", "gear-41.png", "gear"]
NAMES = [
    "CSV",
    "JSON",
    "Parquet",
    "English",
    "Deutsch",
    "中文",
    "brightness",
    "ONNX Runtime",
    "onnxruntime",
    "upload",
]


def marked(text: Any) -> Any:
    return {key: marked(value) for key, value in text.items()} if isinstance(text, dict) else f"⟦{text}⟧"


def test_every_word_comes_from_the_catalogue(open_page: Open, station: str):
    page = open_page("model")
    for number, level in enumerate((NG, REVIEW), 1):
        post(page, station, f"translated-{number}.png", level)
    page.request.put(f"{station}api/inspections/1/label", data={"label": "bad"})
    about = page.request.get(f"{station}api/version").json()
    catalogue = marked(json.loads(CATALOGUE.read_text("utf-8")))
    page.route("**/languages/en.json", lambda route: route.fulfill(json=catalogue))
    known = [*DATA, *NAMES, about["station"], "detector.blocks=4 seed=1", "/pictures/line3", "part", *DRAFT]
    for view, filled in VIEWS.items():
        page.goto("about:blank")
        page.goto(f"{station}#/{view}")
        page.locator(filled).first.wait_for()
        assert page.evaluate(UNTRANSLATED, known) == [], view
    page.locator("#options").click()
    assert page.evaluate(UNTRANSLATED, known) == []


def test_words_that_no_catalogue_has_would_be_found(browser: "Browser"):
    page = browser.new_page()
    page.set_content("""<p>⟦Score ⟦4⟧⟧ part.png</p><p title="a hint">⟦words⟧</p><input placeholder="a name">
        <p>⟦some⟧ <b>others</b></p>""")
    assert page.evaluate(UNTRANSLATED, ["part.png"]) == ["a hint", "a name", "others"]
    page.close()


@pytest.mark.parametrize(
    ("locale", "language", "word"),
    [("de-AT", "de", "Verlauf"), ("zh-CN", "zh", "历史"), ("fr-FR", "en", "History")],
)
def test_the_browser_chooses_until_somebody_does(open_page: Open, locale: str, language: str, word: str):
    page = open_page("history", locale=locale)
    expect(page.locator("html")).to_have_attribute("lang", language)
    expect(page.locator("h1")).to_have_text(word)
    page.locator("#options").click()
    with page.expect_navigation():
        page.locator("dialog select").first.select_option("de")
    expect(page.locator("h1")).to_have_text("Verlauf")
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "de")
