"""Six pages of one browser share one stream of events: it opens only six connections to a station."""

from typing import TYPE_CHECKING, Any

import pytest

from .conftest import NG, OK, post

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

_PAGES = 6


def expect_all(pages: "list[Page]", name: str) -> None:
    for page in pages:
        expect(page.locator(".banner")).to_contain_text(name)
        # What is shown needs connections that the streams have left.
        expect(page.locator(".pane img").first).to_have_js_property("complete", value=True)


def test_six_pages_hear_by_one_stream_and_go_on_when_its_page_is_closed(open_page: Any, station: str):
    first = open_page()
    context = first.context
    streams: list[Any] = []
    context.on("request", lambda request: streams.append(request) if "/api/events" in request.url else None)
    others = [context.new_page() for _ in range(_PAGES - 1)]
    for page in others:
        page.goto(f"{station}#/inspect")
        expect(page.locator("#live")).to_have_text("live")
    assert streams == []
    post(first, station, "for-all.png", OK)
    expect_all([first, *others], "for-all.png")

    # The page that holds the stream goes: another one takes it over, and nothing is missed meanwhile.
    with context.expect_event("request", lambda request: "/api/events" in request.url):
        first.close()
    post(others[0], station, "for-those-who-stay.png", NG)
    expect_all(others, "for-those-who-stay.png")
    assert len(streams) == 1
    for page in others:
        expect(page.locator("#live")).to_have_text("live")


def test_six_pages_that_open_together_agree_on_one_stream(open_page: Any, station: str):
    context = open_page().context
    context.pages[0].close()
    open_streams: set[Any] = set()
    context.on("request", lambda request: open_streams.add(request) if "/api/events" in request.url else None)

    def gone(request: Any) -> None:
        open_streams.discard(request)

    for end in ("requestfinished", "requestfailed"):
        context.on(end, gone)
    pages = [context.new_page() for _ in range(_PAGES)]
    for page in pages:
        page.evaluate(f"location.href = '{station}#/inspect'")
    for page in pages:
        expect(page.locator("#live")).to_have_text("live")
    post(pages[0], station, "together.png", OK)
    expect_all(pages, "together.png")
    assert len(open_streams) == 1
