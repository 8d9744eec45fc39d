"""Watched folders as the page shows them."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .conftest import OK, picture

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

_LINES = """element => {
    const range = document.createRange();
    range.selectNodeContents(element);
    return new Set([...range.getClientRects()].map(({ top }) => top)).size;
}"""


def test_a_folder_that_is_gone_and_back_is_said(open_page: Callable[..., "Page"], folder: Path):
    page, line = open_page(), folder / "allowed" / "line"
    (line / "a.png").write_bytes(picture(OK))
    address = page.get_by_label("Address on the station's machine")
    address.fill("line")
    page.get_by_role("button", name="Watch", exact=True).click()
    shown = page.locator(".sources li")
    expect(shown).to_contain_text("watching, 1 picture seen")
    # It waits for the next one, and is not marked as wrong for being empty.
    expect(address).to_have_value("")
    assert not address.evaluate("field => field.matches(':user-invalid')")
    stop = shown.get_by_role("button")
    stop.focus()
    line.rename(folder / "away")
    expect(shown).to_contain_text("gone or not mounted")
    expect(stop).to_be_focused()
    (folder / "away" / "b.png").write_bytes(picture(OK + 1))
    (folder / "away").rename(line)
    expect(shown).to_contain_text("watching, 2 pictures seen")


def test_a_refusal_of_a_long_address_can_be_read_and_closed(open_page: Callable[..., "Page"]):
    page = open_page(expected="403")
    page.get_by_label("Address on the station's machine").fill("/none" * 12)
    page.get_by_role("button", name="Watch", exact=True).click()
    said = page.locator(".toast.error")
    expect(said).to_contain_text("is not there, or not in a folder that this station may read")
    close = said.get_by_role("button", name="Close")
    assert close.evaluate(_LINES) == 1
    close.click()
    expect(said).to_have_count(0)
