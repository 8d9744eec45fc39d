"""Watched folders as the page shows them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flawflow.card import Card
from flawflow.model_file import write_model

from .conftest import OK, picture, serving

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sources")


@pytest.fixture(scope="module")
def station(folder: Path, tiny_graph: bytes, tiny_card: Card) -> Iterator[str]:
    write_model(folder / "part.flaw", tiny_graph, tiny_card)
    (folder / "allowed" / "line").mkdir(parents=True)
    with serving(folder, "--allow", "allowed") as address:
        yield address


def test_a_folder_that_is_gone_and_back_is_said(open_page: Callable[..., "Page"], folder: Path):
    page, line = open_page(), folder / "allowed" / "line"
    (line / "a.png").write_bytes(picture(OK))
    page.get_by_label("Address on the station's machine").fill("line")
    page.get_by_role("button", name="Watch", exact=True).click()
    shown = page.locator(".sources li")
    expect(shown).to_contain_text("watching, 1 picture seen")
    stop = shown.get_by_role("button")
    stop.focus()
    line.rename(folder / "away")
    expect(shown).to_contain_text("gone or not mounted")
    expect(stop).to_be_focused()
    (folder / "away" / "b.png").write_bytes(picture(OK + 1))
    (folder / "away").rename(line)
    expect(shown).to_contain_text("watching, 2 pictures seen")
