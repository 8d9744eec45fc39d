"""Makes the pictures of docs/station.md: a real station in a real Chromium, with drawn gears.

    python docs/draw_station_screenshots.py

It needs the extras train and serve, playwright, a Chromium and a font with Chinese letters (Debian:
fonts-wqy-microhei), and takes a few minutes: a model is trained, 64 parts are inspected and reviewed, and the
station learns again. Nothing is edited by hand.
"""

import io
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from flawflow.synthetic import DEFECTS, draw_part, draw_parts

_FLAWFLOW = (sys.executable, "-c", "from flawflow.cli import main; main()")
_SIDE = 256
_DESK, _TABLET = {"width": 1280, "height": 860}, {"width": 820, "height": 1180}
_PHONE, _WALL = {"width": 390, "height": 844}, {"width": 1920, "height": 1080}
_PRESSES = ("press-1", "press-2", "press-3", "press-4", "press-5")
_LEARNING_MS = 1_800_000
# Whether all pictures stand there, and the heat map where there is one.
_SHOWN = """() => [...document.images].every(({ complete, loading }) => complete || loading === "lazy")
    && document.querySelectorAll(".stage:not([data-state=shown])").length === 0"""


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path("docs"))
@click.option("--model", type=click.Path(path_type=Path), help="A model of the gears; else one is trained.")
@click.option("--chromium", default="/usr/bin/chromium", show_default=True)
def main(*, folder: Path, model: Path | None, chromium: str) -> None:
    """Draw FOLDER/station-*.png."""
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        draw_parts(place / "gears", train=120, test=1, seed=0, size=_SIDE)
        if model is None:
            _flawflow("train", place / "gears", "-o", place / "raw.flaw", "--preset", "fast")
            model = place / "raw.flaw"
        _calibrate(model, place)
        with _station(place) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
            )
            for name, picture in _shots(browser, address, place / "lines"):
                _save(picture, folder / f"station-{name}.png")
            browser.close()


def _flawflow(*words: str | Path) -> None:
    subprocess.run([*_FLAWFLOW, *words], check=True)


def _calibrate(model: Path, place: Path) -> None:
    """Calibrate by 120 further gears, enough for 1 % of NG; one part in ten goes to a person."""
    draw_parts(place / "more", train=120, test=0, seed=1, size=_SIDE)
    _flawflow(
        "calibrate",
        model,
        place / "more" / "train" / "good",
        "-o",
        place / "gear.flaw",
        "--review-rate",
        "0.1",
    )


@contextmanager
def _station(place: Path) -> Iterator[str]:
    for name in (*_PRESSES, "robot"):
        (place / "lines" / name).mkdir(parents=True)
    words = ("serve", "gear.flaw", "--port", "0", "--trained-on", "gear=gears", "--allow", "lines")
    words += ("--line", "robot=lines/robot")
    process = subprocess.Popen([*_FLAWFLOW, *words], cwd=place, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield next(word for word in process.stdout.readline().split() if word.startswith("http"))
    finally:
        process.terminate()
        process.wait(60)


def _parts() -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Give 64 parts as a line makes them: mostly good ones, some with a defect, some with a trace of one."""
    kinds = list(DEFECTS)
    for number in range(64):
        good, _ = draw_part(None, rng=np.random.default_rng(7000 + number), size=_SIDE)
        share = {7: 1.0, 3: 0.10 + number / 800}.get(number % 8, 0.0)
        if share:
            # The same seed draws the same part, so that the two can be mixed.
            kind = kinds[number // 8 % len(kinds)]
            bad, _ = draw_part(kind, rng=np.random.default_rng(7000 + number), size=_SIDE)
            good = np.rint((1 - share) * good + share * bad.astype(np.float32)).astype(np.uint8)
        yield f"gear-{number:04d}.png", good


def _shots(browser: Browser, address: str, lines: Path) -> Iterator[tuple[str, bytes]]:
    page = browser.new_page(viewport=_DESK, color_scheme="light")
    for name, pixels in _parts():
        _inspect(page, address, name, pixels)
    yield "inspect-light", _view(page, address, "inspect")
    page.emulate_media(color_scheme="dark")
    yield "inspect-dark", _view(page, address, "inspect")
    page.set_viewport_size(_TABLET)
    yield "review-tablet", _view(page, address, "review")
    page.set_viewport_size(_DESK)
    page.emulate_media(color_scheme="light")
    yield "history-light", _view(page, address, "history")
    yield "phone", _phones(browser, address)
    yield "wall", _wall(page, address, lines)
    page.set_viewport_size(_DESK)
    _review(page, address)
    _learn(page, address)
    yield "improve-light", page.screenshot(full_page=True)


def _inspect(page: Page, address: str, name: str, pixels: NDArray[np.uint8]) -> None:
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    given: Any = {"name": name, "mimeType": "image/png", "buffer": content.getvalue()}
    answer = page.request.post(f"{address}api/inspect", multipart={"files": given})
    assert answer.ok, answer.text()


def _view(page: Page, address: str, view: str) -> bytes:
    page.goto(f"{address}#/{view}")
    page.locator(".verdict-name a, tbody tr, .about h2").first.wait_for()
    page.wait_for_function(_SHOWN)
    # The histogram comes with an answer of its own.
    page.wait_for_timeout(1500)
    return page.screenshot()


def _phones(browser: Browser, address: str) -> bytes:
    """Three views on a phone, in three languages, side by side."""
    shots = []
    ways = (("review", "en-US", "light"), ("history", "de-DE", "light"), ("inspect", "zh-CN", "dark"))
    for view, locale, theme in ways:
        page = browser.new_page(viewport=_PHONE, locale=locale, color_scheme=theme, has_touch=True)
        shots.append(Image.open(io.BytesIO(_view(page, address, view))).convert("RGB"))
        page.close()
    gap = 20
    whole = Image.new("RGB", (3 * _PHONE["width"] + 2 * gap, _PHONE["height"]), "white")
    for number, shot in enumerate(shots):
        whole.paste(shot, (number * (_PHONE["width"] + gap), 0))
    content = io.BytesIO()
    whole.save(content, "PNG")
    return content.getvalue()


def _wall(page: Page, address: str, lines: Path) -> bytes:
    """Five presses, one of which goes away, and a line of the machine."""
    for name in _PRESSES:
        body = {"kind": "folder", "address": name, "interval": 0.5}
        assert page.request.post(f"{address}api/sources", data=body).ok
    page.set_viewport_size(_WALL)
    page.goto(f"{address}#/wall")
    parts = list(_parts())
    for number in range(8):
        for shift, name in enumerate(_PRESSES):
            part, pixels = parts[(9 * shift + number) % len(parts)]
            Image.fromarray(pixels).save(lines / name / part)
        page.wait_for_timeout(1500)
    (lines / "press-4").rename(lines / "away")
    page.locator(".cell[data-verdict=stale]").first.wait_for()
    page.wait_for_timeout(1500)
    return page.screenshot()


def _review(page: Page, address: str) -> None:
    """Say of every part what it is; who draws it knows."""
    for inspection in page.request.get(f"{address}api/inspections?limit=200").json()["inspections"]:
        kind = int(inspection["path"][5:9]) % 8
        label = "bad" if kind in (3, 7) else "good"
        page.request.put(f"{address}api/inspections/{inspection['id']}/label", data={"label": label})


def _learn(page: Page, address: str) -> None:
    page.goto(f"{address}#/improve")
    page.get_by_role("button", name="Make a new version").click()
    page.get_by_label("Preset").select_option("fast")
    page.get_by_role("button", name="Retrain").click()
    page.get_by_role("button", name="Switch to version").first.wait_for(timeout=_LEARNING_MS)
    page.locator(".compared tbody tr").first.wait_for()
    page.wait_for_timeout(6000)


def _save(png: bytes, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    # 256 colours make small files; chosen so, they hold the rare ones, which are those of the heat.
    picture.quantize(256, method=Image.Quantize.MAXCOVERAGE, kmeans=3).save(path, optimize=True)
    click.echo(f"drew {path} ({path.stat().st_size // 1024} KiB)")


if __name__ == "__main__":
    main()
