"""From reviewed pictures to a new version: the trainer is played, the rest is the station's own."""

import re
from typing import TYPE_CHECKING, Any

import pytest

from .conftest import NG, OK, post

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

JOB: dict[str, Any] = {
    "id": 1,
    "kind": "retrain",
    "model": "part",
    "dataset": 1,
    "state": "running",
    "progress": 0.25,
    "stage": "Learning: pass 3 of 10",
    "error": None,
    "command": "flawflow train folder -o part.flaw",
    "result": None,
}
DATASET = {
    "version": 1,
    "model": "part",
    "created": "2026-01-01T00:00:00Z",
    "good": 9,
    "bad": 4,
    "train": 7,
    "test": 6,
    "path": "datasets/1",
}


def compared(number: int | None, label: str, old: str, new: str) -> dict[str, Any]:
    judged = {"old": {"score": 0.6, "verdict": old}, "new": {"score": 0.2, "verdict": new}}
    return {"id": number, "label": label, **judged}


def comparison(good: int, bad: int) -> dict[str, Any]:
    pictures = [
        compared(good, "good", "NG", "OK"),
        compared(bad, "bad", "NG", "NG"),
        compared(None, "good", "OK", "NG"),
    ]
    before = {"image_auroc": 0.91, "false_rejects": 1, "missed": 0}
    after = {"image_auroc": None, "false_rejects": 1, "missed": 0}
    return {"count": 3, "old": before, "new": after, "pictures": pictures}


@pytest.fixture
def reviewed(open_page: Any, station: str) -> tuple["Page", int, int]:
    """A page, and the ids of a picture reviewed as good and of one reviewed as bad."""
    page = open_page("model", expected="Failed to load resource")
    ids = {}
    for label, level in (("good", OK), ("bad", NG)):
        ids[label] = post(page, station, f"{label}.png", level)
        page.request.put(f"{station}api/inspections/{ids[label]}/label", data={"label": label})
    return page, ids["good"], ids["bad"]


def test_a_retraining_is_followed_compared_and_switched_to(reviewed: Any, station: str):
    page, good, bad = reviewed
    model = page.request.get(f"{station}api/models/part").json()
    second = {**model["versions"][0], "version": model["versions"][0]["version"] + 1, "active": False}
    state: dict[str, Any] = {"jobs": [], "active": model["version"]}

    def models(route: Any) -> None:
        versions = [
            {**one, "active": one["version"] == state["active"]} for one in (*model["versions"], second)
        ]
        answer = {**model, "version": state["active"], "versions": versions}
        route.fulfill(json=[answer] if route.request.url.endswith("/models") else answer)

    def jobs(route: Any) -> None:
        if route.request.method == "POST":
            state["asked"] = route.request.post_data_json
            state["jobs"] = [JOB]
        one = re.search(r"/jobs/\d+$", route.request.url) or route.request.method == "POST"
        route.fulfill(json=state["jobs"][0] if one else state["jobs"])

    def switch(route: Any) -> None:
        state["active"] = route.request.post_data_json["version"]
        models(route)

    page.route(re.compile(r"/api/models(/part)?$"), models)
    page.route("**/api/models/part/switch", switch)
    page.route(re.compile(r"/api/jobs"), jobs)
    page.route("**/api/datasets", lambda route: route.fulfill(json=[DATASET]))
    page.goto(f"{station}#/improve")
    page.get_by_label("Preset").select_option("accurate: takes longer")
    page.get_by_label("Other settings").fill("detector.blocks=4  seed=1 ")
    page.get_by_role("button", name="Retrain").click()
    expect(page.get_by_text("Learning: pass 3 of 10 (25 %)")).to_be_visible()
    assert state["asked"]["preset"] == "accurate"
    assert state["asked"]["settings"] == ["detector.blocks=4", "seed=1"]
    expect(page.get_by_role("progressbar", name="Learning")).to_have_attribute("value", "0.25")
    page.reload()
    expect(page.get_by_text("Learning: pass 3 of 10 (25 %)")).to_be_visible()
    result = {"version": second["version"], "comparison": comparison(good, bad)}
    state["jobs"] = [{**JOB, "state": "done", "progress": 1, "result": result}]
    expect(page.get_by_text(f"Version {second['version']} is ready")).to_be_visible()
    rows = page.locator(".compared tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("better")
    expect(rows.nth(1)).to_contain_text("worse")
    expect(page.get_by_role("row", name="Good parts judged NG")).to_contain_text("1 of 2")
    expect(page.get_by_role("row", name="Bad parts judged OK")).to_contain_text("0 of 1")
    page.get_by_role("radio", name="All (3)").check()
    expect(rows).to_have_count(3)
    page.get_by_role("button", name=f"Switch to version {second['version']}", exact=True).last.click()
    page.get_by_role("dialog").get_by_role("button", name="Switch to version").click()
    expect(page.get_by_text(f"Version {second['version']} is active.")).to_be_visible()
    expect(page.get_by_role("button", name="Roll back")).to_be_visible()


def test_without_torch_the_command_is_shown(reviewed: Any, station: str):
    page, _, _ = reviewed
    about = page.request.get(f"{station}api/version").json()
    page.route("**/api/version", lambda route: route.fulfill(json={**about, "torch": False}))
    page.route("**/api/datasets", lambda route: route.fulfill(json=[DATASET]))
    refusal = {"detail": "Learning needs torch.", "command": "flawflow train d -o part.flaw --preset fast"}

    def jobs(route: Any) -> None:
        if route.request.method == "POST":
            route.fulfill(status=501, json=refusal)
        else:
            route.fulfill(json=[])

    page.route("**/api/jobs", jobs)
    page.goto(f"{station}#/improve")
    page.reload()
    page.get_by_role("button", name="Show the command").click()
    expect(page.locator(".command code")).to_have_text(refusal["command"])
    expect(page.locator(".job")).to_contain_text("Learning needs torch.")


def test_reviewed_pictures_become_a_version_that_is_not_made_twice(reviewed: Any, station: str):
    page, _, _ = reviewed
    page.goto(f"{station}#/improve")
    page.get_by_role("button", name="Make a new version").click()
    expect(page.locator("section", has_text="1. Data set").locator("tbody tr")).to_have_count(1)
    page.get_by_role("button", name="Make a new version").click()
    expect(page.locator(".toast.error")).to_be_visible()
    page.reload()
    expect(page.locator("section", has_text="1. Data set").locator("tbody tr")).to_have_count(1)
