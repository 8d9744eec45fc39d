"""People at the page: signing in, two reviewers at once, the log, and who may not."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flawflow.model_file import write_model
from flawflow.model_file.card import Card

from .conftest import REVIEW, SERVE, post, script, serving

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PASSWORD = "a long enough phrase"
PEOPLE = {"anna": "admin", "rita": "reviewer", "emil": "engineer", "olga": "operator"}

SignIn = Callable[..., "Page"]


@pytest.fixture(scope="module")
def peopled(tmp_path_factory: pytest.TempPathFactory, tiny_graph: bytes, tiny_card: Card) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("peopled")
    write_model(folder / "part.flaw", tiny_graph, tiny_card)
    for name, role in PEOPLE.items():
        _add(folder, name, role)
    with serving(folder, "--sign-in") as address:
        yield address


def _add(folder: Path, name: str, role: str) -> None:
    command = [sys.executable, "-c", SERVE, "users", "add", name, "--role", role, "--password-stdin"]
    subprocess.run(command, cwd=folder, input=f"{PASSWORD}\n", text=True, check=True, capture_output=True)


@pytest.fixture
def sign_in(browser: "Browser", peopled: str) -> Iterator[SignIn]:
    contexts = []

    def run(name: str, view: str = "inspect", **options: object) -> "Page":
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 860}, **options})
        contexts.append(context)
        page = context.new_page()
        page.goto(f"{peopled}#/{view}")
        page.get_by_role("textbox", name="Name").fill(name)
        page.get_by_role("textbox", name="Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.locator("main > .view").wait_for()
        return page

    yield run
    for context in contexts:
        context.close()


def test_a_person_signs_in_and_out(browser: "Browser", peopled: str):
    page = browser.new_page()
    page.goto(peopled)
    page.get_by_role("textbox", name="Name").fill("Anna")
    page.get_by_role("textbox", name="Password").fill("not the password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("do not belong together")
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="anna")).to_be_visible()
    assert PASSWORD not in page.evaluate("JSON.stringify([document.cookie, {...localStorage}])")
    page.reload()
    expect(page.get_by_role("link", name="anna")).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("textbox", name="Password")).to_be_visible()
    page.close()


def test_what_somebody_else_labels_leaves_the_queue(sign_in: SignIn, peopled: str):
    rita, emil = sign_in("rita", "model"), sign_in("emil", "model")
    for name in ("first.png", "second.png"):
        post(rita, peopled, name, REVIEW)
    for page in (rita, emil):
        page.goto(f"{peopled}#/review")
        expect(page.locator(".about h2")).to_have_text("first.png")
    rita.keyboard.press("b")
    expect(emil.locator(".about h2")).to_have_text("second.png")
    expect(emil.locator(".toast")).to_contain_text("rita has just labelled first.png: Bad.")
    expect(rita.locator(".toast")).to_have_count(0)
    rita.goto(f"{peopled}#/history/1")
    expect(rita.locator("aside li")).to_contain_text("rita")
    # Emil has seen the picture before rita's second word, and does not hear events.
    emil.goto(f"{peopled}#/history/2")
    emil.locator(".summary").wait_for()
    rita.goto(f"{peopled}#/history/2")
    # The record before has the same buttons.
    expect(rita.locator("main h1")).to_contain_text("second.png")
    rita.locator(".label.l-good").click()
    expect(rita.locator(".label.l-good")).to_have_attribute("aria-pressed", "true")
    emil.locator(".label.l-bad").click()
    expect(emil.locator(".toast.error")).to_contain_text("rita has changed this meanwhile")
    expect(emil.locator(".label.l-good")).to_have_attribute("aria-pressed", "true")


def test_an_admin_adds_somebody_who_then_comes_in(sign_in: SignIn, browser: "Browser", peopled: str):
    anna = sign_in("anna", "people")
    card = anna.get_by_role("region", name="Everybody")
    card.get_by_role("textbox", name="Name").fill("carl")
    card.get_by_label("Password", exact=True).fill(PASSWORD)
    card.get_by_role("button", name="Add").click()
    anna.get_by_label("Role of carl").select_option("reviewer")
    expect(anna.get_by_label("Role of carl")).to_have_value("reviewer")
    carl = sign_in("carl")
    expect(carl.get_by_role("link", name="Review")).to_be_visible()
    anna.get_by_role("checkbox", name="carl may come in").uncheck()
    expect(anna.locator(".toast").last).to_contain_text("carl is changed")
    carl.reload()
    expect(carl.get_by_role("textbox", name="Password")).to_be_visible()


def test_a_token_is_shown_once_and_revoked(sign_in: SignIn, peopled: str):
    rita = sign_in("rita", "people")
    rita.get_by_label("What it is for").fill("PLC")
    rita.get_by_role("button", name="Make a token").click()
    code = rita.locator(".command code")
    expect(code).to_contain_text("flaw_")
    headers = {"Authorization": f"Bearer {code.inner_text()}"}
    context = rita.context.browser.new_context()
    assert context.request.get(f"{peopled}api/me", headers=headers).json()["name"] == "rita"
    rita.reload()
    expect(rita.get_by_role("button", name="Revoke PLC")).to_be_visible()
    expect(code).to_have_count(0)
    rita.get_by_role("button", name="Revoke PLC").click()
    rita.get_by_role("button", name="Revoke", exact=True).click()
    expect(rita.get_by_text("revoked")).to_be_visible()
    assert context.request.get(f"{peopled}api/me", headers=headers).status == 401
    context.close()


def test_the_log_is_filtered_and_checked(sign_in: SignIn):
    anna = sign_in("anna", "log")
    anna.get_by_role("combobox", name="What").select_option("user.add")
    expect(anna.locator("tbody tr")).not_to_have_count(0)
    for cell in anna.locator("tbody tr td:nth-child(3)").all():
        expect(cell).to_have_text("added a person")
    anna.get_by_role("button", name="Check").click()
    expect(anna.locator(".toast")).to_contain_text("follow each other")


def test_who_may_not_is_offered_nothing(sign_in: SignIn, peopled: str):
    olga = sign_in("olga")
    for name in ("Review", "Improve", "Log"):
        expect(olga.get_by_role("link", name=name)).to_be_hidden()
    expect(olga.get_by_text("Changing this takes the role engineer").first).to_be_visible()
    olga.goto(f"{peopled}#/review")
    expect(olga.get_by_text("takes the role reviewer. olga is operator here.")).to_be_visible()


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 820)])
def test_the_views_are_named_readable_and_large_enough(sign_in: SignIn, peopled: str, theme: str, width: int):
    anna = sign_in("anna", color_scheme=theme, viewport={"width": width, "height": 1000})
    for view, filled in {"people": ".roles td", "log": "tbody td"}.items():
        anna.goto(f"{peopled}#/{view}")
        anna.locator(filled).first.wait_for()
        for rule in ("nameless.js", "small.js", "pale.js"):
            assert anna.evaluate(script(rule)) == [], (view, rule)
        assert anna.evaluate("document.documentElement.scrollWidth <= innerWidth"), view
        assert anna.locator("h1").count() == 1


@pytest.mark.parametrize("locale", ["en", "de", "zh"])
def test_the_whole_navigation_is_in_sight_at_any_width(sign_in: SignIn, locale: str):
    anna = sign_in("anna")
    anna.evaluate(f"localStorage.setItem('flawflow.language', '\"{locale}\"')")
    anna.reload()
    anna.locator("main > .view").wait_for()
    assert anna.locator("html").get_attribute("lang") == locale
    # Of several models one is chosen in the bar, too.
    anna.evaluate("document.getElementById('model-choice').hidden = false")
    for width in (390, 700, 701, 1024, 1240, 1241, 1280, 1920):
        anna.set_viewport_size({"width": width, "height": 860})
        assert anna.evaluate(script("outside.js")) == [], width
    anna.evaluate("document.querySelector('.bar').style.flexWrap = 'nowrap'")
    anna.set_viewport_size({"width": 500, "height": 860})
    assert anna.evaluate(script("outside.js")) != [], "this test finds nothing"
