"""A real station in a process of its own, and a real Chromium in front of it."""

import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from flawflow.model_file import write_model
from flawflow.model_file.card import Card
from flawflow.server.learning.draft import Learned
from flawflow.server.learning.drafts import Drafts
from flawflow.server.retraining.report import SuspectReport, TrainingReport
from flawflow.server.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_PATIENCE_MS = 60_000
CHROMIUM = Path("/usr/bin/chromium")
SERVE = "from flawflow.cli import main; main()"

# What a browser does by itself is switched off: the tests reach nothing but the station.
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]

# Violations are told to the page alone, so a listener that comes first puts them into the console.
WATCH = """addEventListener("securitypolicyviolation", (event) =>
    console.error(`CSP: ${event.violatedDirective} ${event.blockedURI}`));"""

# The model's map is brightness: a level up to 121 of 255 is OK, up to 127 REVIEW, above NG.
OK, REVIEW, NG = 40, 124, 220

VIEWS = {
    "inspect": ".verdict-name a",
    "wall": ".cell dd",
    "history": "tbody tr a",
    "history/1": ".summary",
    "review": ".about h2",
    "improve": ".small td",
    "learn": ".drafts a",
    "learn?name=gear": ".thresholds .plot rect",
    "model": ".facts dd",
    "statistics": ".big strong",
    "log": "tbody time",
    "people": ".roles td",
}
"""The views, and what they show once they are filled."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is in this folder: a browser takes its time."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker("slow")


def script(name: str) -> str:
    """A script to be run in the page: one function."""
    return (Path(__file__).parent / "scripts" / name).read_text("utf-8")


def picture(level: int, *, side: int = 32) -> bytes:
    """A PNG of one grey level."""
    content = io.BytesIO()
    Image.fromarray(np.full((side, side, 3), level, np.uint8)).save(content, "PNG")
    return content.getvalue()


def file(name: str, level: int) -> Any:
    """A file for Playwright's `set_input_files`."""
    return {"name": name, "mimeType": "image/png", "buffer": picture(level)}


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """Debian's Chromium; of the module, since Playwright's event loop must not outlive these tests."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.is_file():
        pytest.skip(f"{CHROMIUM} is missing")
    # As long as everything else here: a busy machine takes more than the usual five seconds.
    api.expect.set_options(timeout=_PATIENCE_MS)
    with api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield launched
        launched.close()


@contextmanager
def serving(folder: Path, *options: str, models: Sequence[str] = ("part.flaw",)) -> Iterator[str]:
    """Serve the toy model from `folder`, or other models; gives the page's address."""
    pytest.importorskip("fastapi", reason="the extra serve is not installed")
    command = [sys.executable, "-c", SERVE, "serve", *models, "--port", "0", *options]
    environment = os.environ | {"PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert "http://" in line, f"the station did not start: {line!r}"
        yield next(word for word in line.split() if word.startswith("http://"))
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the station works."""
    return tmp_path_factory.mktemp("station")


@pytest.fixture(scope="module")
def station(folder: Path, tiny_graph: bytes, tiny_card: Card) -> Iterator[str]:
    """The address of a station with the toy model and an empty record; it may watch `allowed/line`."""
    write_model(folder / "part.flaw", tiny_graph, tiny_card)
    (folder / "allowed" / "line").mkdir(parents=True)
    learned(folder, tiny_graph, tiny_card)
    with serving(folder, "--allow", "allowed") as address:
        yield address


def learned(folder: Path, graph: bytes, card: Card) -> None:
    """Put a draft there whose model was learned, and does not inspect yet: a suspect, and a copy of it."""
    drafts = Drafts(Settings(data=folder / "station"))
    drafts.create("gear")
    drafts.add("gear", [(f"gear-{level}.png", picture(level)) for level in (OK, OK + 1)])
    first, second = (each.file for each in drafts.get("gear").pictures)
    report = TrainingReport(
        count=2,
        suspects=(SuspectReport(first, 3.0, 2.0, (5, 6)),),
        copies=((second, first),),
        failures=(),
        notes=("2 good pictures show little of what good parts may look like.",),
    )
    write_model(drafts.folder("gear").model, graph, card)
    drafts.change("gear", learned=Learned(job=1, of=drafts.content("gear"), report=report))


OpenPage = Callable[..., "Page"]


@pytest.fixture
def open_page(browser: "Browser", station: str) -> Iterator[OpenPage]:
    """Open a view in a fresh browser profile; at the end nothing may stand in any console."""
    contexts, complaints = [], []

    def opened(view: str = "inspect", *, expected: str | None = None, **options: Any) -> "Page":
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 860}, **options})
        context.set_default_timeout(_PATIENCE_MS)
        context.add_init_script(WATCH)
        contexts.append(context)
        page = context.new_page()

        def heard(text: str) -> None:
            if expected is None or expected not in text:
                complaints.append(text)

        page.on(
            "console",
            lambda said: (
                heard(f"{said.text} {said.location.get('url')}")
                if said.type in ("error", "warning")
                else None
            ),
        )
        page.on("pageerror", lambda error: heard(str(error)))
        page.goto(f"{station}#/{view}")
        page.locator("main > .view").wait_for()
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def post(page: "Page", station: str, name: str, level: int) -> int:
    """Inspect a grey picture as another program would; gives the inspection's id."""
    given = {"files": {"name": name, "mimeType": "image/png", "buffer": picture(level)}}
    answer = page.request.post(f"{station}api/inspect", multipart=given).json()
    return int(answer["inspections"][0]["id"])


def send(page: "Page", *pictures: Any) -> None:
    """Choose pictures in the Inspect view and wait until all are inspected."""
    # Not until progress is seen: it may come and go between two looks.
    with page.expect_response("**/api/inspect"):
        page.locator("input[type=file]").set_input_files(list(pictures))
    page.locator(".upload progress").wait_for(state="hidden")
