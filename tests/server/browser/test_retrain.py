"""Reviewed pictures, a real training, the comparison, the switch and the way back, all in the browser."""

import io
import subprocess
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from flawflow.synthetic import DEFECTS, draw_part, draw_parts

from .conftest import SERVE, serving

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect
pytest.importorskip("torch", reason="training is not installed")

if TYPE_CHECKING:
    from playwright.sync_api import Page

_SIDE = 32
# A training goes behind everything else, other tests on the same cores among it.
_LEARNING_MS = 2_400_000


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory, browser: Any) -> Iterator[str]:
    """A station with a model that was really trained, of few small parts and a small encoder."""
    folder = tmp_path_factory.mktemp("retrain")
    draw_parts(folder / "parts", train=16, test=1, size=_SIDE)
    train = ("train", "parts", "-o", "part.flaw", "--preset", "fast", "--size", str(_SIDE))
    encoder = ("--encoder", "test_efficientnet", "--weights", "random")
    subprocess.run(
        [sys.executable, "-c", SERVE, *train, *encoder], cwd=folder, check=True, capture_output=True
    )
    with serving(folder, "--trained-on", "part=parts") as address:
        yield address


def drawn(number: int, defect: str | None) -> bytes:
    pixels, _ = draw_part(defect, rng=np.random.default_rng(900 + number), size=_SIDE)
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    return content.getvalue()


def inspected(page: "Page", station: str, content: bytes) -> dict[str, Any]:
    given = {"files": {"name": "gear.png", "mimeType": "image/png", "buffer": content}}
    answer = page.request.post(f"{station}api/inspect", multipart=given)
    assert answer.ok, answer.text()
    found: dict[str, Any] = answer.json()["inspections"][0]
    return found


def test_a_model_is_retrained_compared_switched_to_and_rolled_back(open_page: Any, station: str):
    page: Page = open_page("improve")
    parts: dict[int, tuple[bytes, dict[str, Any]]] = {}
    for number in range(18):
        defect = list(DEFECTS)[number % len(DEFECTS)] if number % 3 == 0 else None
        content = drawn(number, defect)
        found = inspected(page, station, content)
        parts[found["id"]] = content, found
        label = "bad" if defect else "good"
        page.request.put(f"{station}api/inspections/{found['id']}/label", data={"label": label})
    page.reload()
    page.get_by_role("button", name="Make a new version").click()
    expect(page.get_by_text("Data set version 1 holds")).to_be_visible()
    page.get_by_label("Preset").select_option("fast")
    page.get_by_role("button", name="Retrain").click()
    expect(page.get_by_role("progressbar", name="Learning")).to_be_visible()
    # Inspecting goes on meanwhile, by the old model.
    first = page.request.get(f"{station}api/models/part").json()
    assert inspected(page, station, drawn(99, None))["model_sha256"] == first["sha256"]
    expect(page.get_by_text("Version 1 is ready")).to_be_visible(timeout=_LEARNING_MS)
    compared = page.request.get(f"{station}api/jobs/1").json()["result"]["comparison"]
    assert compared["count"] == len(compared["pictures"]) > 5
    page.get_by_role("radio", name=f"All ({compared['count']})").check()
    expect(page.locator(".compared tbody tr")).to_have_count(compared["count"])

    page.get_by_role("button", name="Switch to version 1", exact=True).last.click()
    page.get_by_role("dialog").get_by_role("button", name="Switch to version 1").click()
    expect(page.get_by_text("Version 1 is active.")).to_be_visible()
    page.reload()
    expect(page.locator("tr.active")).to_contain_text("active")
    second = page.request.get(f"{station}api/models/part").json()
    assert (first["version"], second["version"]) == (0, 1)
    assert second["sha256"] != first["sha256"]
    for each in compared["pictures"]:
        if each["id"] is not None:
            # What the page compared is what the models say.
            content, before = parts[each["id"]]
            after = inspected(page, station, content)
            assert (each["old"]["score"], each["new"]["score"]) == (before["score"], after["score"])
            assert after["model_sha256"] == second["sha256"]

    page.get_by_role("button", name="Roll back to the previous version").click()
    expect(page.get_by_text("The previous version is active again.")).to_be_visible()
    content, before = next(iter(parts.values()))
    again = inspected(page, station, content)
    assert (again["score"], again["model_sha256"]) == (before["score"], first["sha256"])
