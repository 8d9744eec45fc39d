"""The whole way by HTTP, with a trainer that takes no time."""

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from flawflow.server.settings import Settings

Send, Ended, Picture = Callable[..., dict], Callable[..., dict], Callable[..., bytes]


def draft(client: TestClient, name: str = "part") -> dict:
    answer = client.get(f"/api/drafts/{name}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def learned(client: TestClient, ended: Ended, **asked: object) -> dict:
    answer = client.post("/api/drafts/part/learn", json=asked)
    assert answer.status_code == 200, answer.text
    assert ended(client, "part")["state"] == "done"
    return draft(client)


def test_a_station_without_a_model_says_what_to_do(client: TestClient, make_png: Picture):
    assert client.get("/api/models").json() == []
    assert client.get("/api/ready").status_code == 200
    answer = client.post("/api/inspect", files={"files": ("a.png", make_png())})
    assert answer.status_code == 404
    assert "has no model yet" in answer.json()["detail"]


def test_from_nothing_to_an_inspection(
    filled: TestClient, fake_training: Path, ended: Ended, make_png: Picture, empty: Settings
):
    found = learned(filled, ended, preset="balanced")
    assert found["learned"] == {
        "current": True,
        "served": False,
        "count": 9,
        "suspects": 1,
        "copies": 1,
        "failures": [],
        "notes": ["few pictures"],
    }
    assert filled.get("/api/models").json() == []
    judged = filled.get("/api/drafts/part/model").json()
    assert len(judged["good"]) == judged["calibration"]["count"] == 99
    asked = {"false_reject_rate": 0.1, "review_rate": 0.2}
    tried = filled.post("/api/drafts/part/rates", json={**asked, "dry": True}).json()["calibration"]
    assert (tried["false_reject_rate"], tried["guaranteed"]) == (0.1, True)
    assert filled.get("/api/drafts/part/model").json() == judged
    moved = filled.post("/api/drafts/part/rates", json=asked).json()
    assert filled.get("/api/drafts/part/model").json() == moved
    served = filled.post("/api/drafts/part/serve").json()
    assert (served["name"], served["version"]) == ("part", 0)
    assert served["calibration"] == tried
    assert draft(filled)["learned"]["served"]
    assert draft(filled)["served"]
    (made,) = filled.post("/api/inspect", files={"files": ("a.png", make_png(spot=True))}).json()[
        "inspections"
    ]
    assert (made["model"], made["verdict"]) == ("part", "NG")
    assert (empty.data / "models" / "part.flaw").is_file()
    actions = [each["action"] for each in filled.get("/api/audit").json()["entries"]][::-1]
    assert actions == ["draft.add", "draft.pictures", "job.start", "draft.rates", "draft.serve"]


def test_what_was_served_is_there_after_a_restart(
    filled: TestClient,
    fake_training: Path,
    ended: Ended,
    make_client: Callable[..., TestClient],
    empty: Settings,
):
    learned(filled, ended)
    served = filled.post("/api/drafts/part/serve").json()
    before = draft(filled)
    filled.__exit__(None, None, None)
    again = make_client(empty)
    assert again.get("/api/models/part").json()["sha256"] == served["sha256"]
    assert draft(again) == before


def test_learned_once_more_it_is_a_new_version_at_the_rates_that_were_chosen(
    filled: TestClient, fake_training: Path, ended: Ended, send: Send, make_picture: Picture
):
    learned(filled, ended)
    filled.post("/api/drafts/part/rates", json={"false_reject_rate": 0.1, "review_rate": 0.2})
    filled.post("/api/drafts/part/serve")
    send(filled, "part", make_picture(50))
    assert not draft(filled)["learned"]["current"]
    # At the station it judges otherwise meanwhile, and that is what holds.
    filled.post("/api/models/part/rates", json={"false_reject_rate": 0.15})
    found = learned(filled, ended)
    assert found["learned"]["current"]
    assert not found["learned"]["served"]
    assert filled.get("/api/drafts/part/model").json()["calibration"]["false_reject_rate"] == 0.15
    filled.post("/api/drafts/part/rates", json={"false_reject_rate": 0.05})
    served = filled.post("/api/drafts/part/serve").json()
    assert (served["version"], served["calibration"]["false_reject_rate"]) == (1, 0.05)
    # Once more it is the same version.
    assert filled.post("/api/drafts/part/serve").json()["version"] == 1


def test_suspects_are_looked_at_left_out_and_taken_in_again(
    filled: TestClient, fake_training: Path, ended: Ended
):
    before = learned(filled, ended)
    pictures = filled.get("/api/drafts/part/pictures").json()
    (suspect,) = [picture for picture in pictures if picture["suspect"]]
    assert suspect["suspect"] == {"score": 3.0, "limit": 2.0, "place": [5, 6]}
    (copy,) = [picture for picture in pictures if picture["copy_of"]]
    assert copy["copy_of"] in {picture["id"] for picture in pictures}
    drawn = filled.get(f"/api/drafts/part/suspects/{suspect['id']}")
    assert (drawn.headers["content-type"], drawn.content[:3]) == ("image/jpeg", b"\xff\xd8\xff")
    assert filled.get(f"/api/drafts/part/suspects/{copy['id']}").status_code == 404
    left = filled.put("/api/drafts/part/pictures", json={"ids": [suspect["id"]], "left_out": True}).json()
    assert (left["count"], left["left_out"], left["learned"]["current"]) == (8, 1, False)
    assert learned(filled, ended)["learned"]["count"] == 8
    back = filled.put("/api/drafts/part/pictures", json={"ids": [suspect["id"]], "left_out": False}).json()
    assert (back["count"], back["content"]) == (9, before["content"])
    unknown = {"ids": ["0" * 32], "left_out": True}
    assert filled.put("/api/drafts/part/pictures", json=unknown).status_code == 404


def test_a_learning_is_stopped_and_resumed(
    filled: TestClient, fake_training: Path, ended: Ended, empty: Settings
):
    def steps() -> list[int]:
        return [len(list(path.iterdir())) for path in empty.data.glob("jobs/*/*.training")]

    filled.post("/api/drafts/part/learn", json={"preset": "fast"})
    job = ended(filled, "part", lambda job: job["stage"] == "Features")
    assert (job["kind"], job["model"], job["dataset"], job["progress"]) == ("learn", "part", None, 0.225)
    # Nothing that it learns from changes meanwhile, and there is one at a time.
    (first, *_) = filled.get("/api/drafts/part/pictures").json()
    left_out = {"ids": [first["id"]], "left_out": True}
    assert filled.put("/api/drafts/part/pictures", json=left_out).status_code == 409
    assert filled.delete("/api/drafts/part").status_code == 409
    assert filled.delete("/api/drafts/part/roi").status_code == 409
    assert filled.post("/api/drafts/part/learn", json={}).status_code == 409
    assert filled.delete(f"/api/jobs/{job['id']}").json()["state"] == "cancelled"
    assert steps() == [1]
    filled.post("/api/drafts/part/learn", json={"preset": "fast"})
    again = ended(filled, "part", lambda job: job["stage"] == "Features")
    assert again["id"] != job["id"]
    assert steps() == [2]
    filled.delete(f"/api/jobs/{again['id']}")
    assert filled.delete("/api/drafts/part").status_code == 204
    assert steps() == []
    assert filled.get("/api/drafts").json() == []
    assert list((empty.data / "drafts").iterdir()) == []


def test_a_restart_resumes_the_learning(
    filled: TestClient,
    fake_training: Path,
    ended: Ended,
    make_client: Callable[..., TestClient],
    empty: Settings,
):
    filled.post("/api/drafts/part/learn", json={"preset": "fast"})
    ended(filled, "part", lambda job: job["stage"] == "Features")
    filled.__exit__(None, None, None)
    fake_training.write_text(fake_training.read_text().replace('"fast"', '"never"'))
    again = make_client(empty)
    assert ended(again, "part")["state"] == "done"
    assert draft(again)["learned"]["count"] == 9


def test_a_learning_that_fails_says_why(filled: TestClient, fake_training: Path, ended: Ended):
    filled.post("/api/drafts/part/learn", json={"preset": "accurate"})
    job = ended(filled, "part")
    assert (job["state"], job["error"]) == ("failed", "The pictures are too few.")
    assert draft(filled)["learned"] is None
    assert filled.post("/api/drafts/part/serve").status_code == 404
    assert filled.get("/api/drafts/part/model").status_code == 404


def test_settings_and_region_reach_the_training(
    filled: TestClient, fake_training: Path, ended: Ended, make_png: Picture, empty: Settings
):
    assert filled.put("/api/drafts/part/roi", content=make_png(255)).json()["has_roi"]
    found = learned(filled, ended, preset="balanced", settings=["detector.blocks=4", "roi=/etc/passwd"])
    words = shlex.split(found["command"])
    folder = empty.data / "drafts" / "part"
    assert words[:5] == ["flawflow", "train", str(folder / "good"), "-o", "part.flaw"]
    assert f"roi={folder / 'roi.png'}" in words
    assert found["settings"] == ["detector.blocks=4", "roi=/etc/passwd"]
    assert found["put"] == str(empty.data / "models" / "part.flaw")
    refused = filled.post("/api/drafts/part/learn", json={"settings": ["detector.bloks=4"]})
    assert (refused.status_code, draft(filled)["command"]) == (409, "")
    refused = filled.post("/api/drafts/part/learn", json={"settings": ["weights=/etc/passwd"]})
    assert refused.status_code == 403


def test_without_torch_the_answer_says_what_to_run_elsewhere_and_what_comes_of_it_is_taken(
    filled: TestClient, monkeypatch: pytest.MonkeyPatch, tiny_model: Path, wait: Callable[..., None]
):
    monkeypatch.setattr("flawflow.training.requirements._NEEDED", ("a_package_that_is_missing",))
    answer = filled.post("/api/drafts/part/learn", json={"preset": "fast"})
    assert answer.status_code == 501
    found = draft(filled)
    assert answer.json()["command"] == found["command"]
    assert "--preset fast" in found["command"]
    assert (found["job"], found["served"]) == (None, False)
    Path(found["put"]).parent.mkdir()
    Path(found["put"]).write_bytes(tiny_model.read_bytes())
    wait(lambda: draft(filled)["served"])
    assert [model["name"] for model in filled.get("/api/models").json()] == ["part"]


def test_too_few_pictures_are_said_before_any_work(
    client: TestClient, fake_training: Path, send: Send, make_picture: Picture
):
    client.post("/api/drafts", json={"name": "part"})
    send(client, "part", *map(make_picture, range(7)))
    answer = client.post("/api/drafts/part/learn", json={})
    assert answer.status_code == 409
    assert "7 good pictures are too few" in answer.json()["detail"]


def test_names_are_those_of_models(make_client: Callable[..., TestClient], settings: Settings):
    client = make_client(settings)
    assert client.post("/api/drafts", json={"name": "tiny"}).status_code == 409
    assert client.post("/api/drafts", json={"name": "other"}).status_code == 200
    assert client.post("/api/drafts", json={"name": "Other"}).status_code == 409
    for name in ("..", ".hidden", "a/b", "a b", "ä"):
        answer = client.post("/api/drafts", json={"name": name})
        assert (answer.status_code, "is named by letters" in answer.json()["detail"]) == (422, True), name
    for path in ("none", "none/pictures", "none/roi", "none/model", f"none/pictures/{'0' * 32}"):
        assert client.get(f"/api/drafts/{path}").status_code == 404, path
    for path in ("none/learn", "none/serve", "none/rates"):
        assert client.post(f"/api/drafts/{path}", json={}).status_code == 404, path


def test_a_region_has_the_pictures_proportions(client: TestClient, filled: TestClient, make_png: Picture):
    def put(content: bytes) -> tuple[int, str]:
        answer = client.put("/api/drafts/part/roi", content=content)
        return answer.status_code, answer.json().get("detail", "")

    assert put(make_png(255, size=(20, 30))) == (200, "")
    kept = client.get("/api/drafts/part/roi")
    assert kept.headers["content-type"] == "image/png"
    before = draft(client)["content"]
    for content, said in (
        (make_png(255, size=(30, 30)), "another shape"),
        (make_png(0), "is empty"),
        (b"GIF89a", "not a PNG"),
        (make_png(255)[:60], "cannot be decoded"),
    ):
        status, sentence = put(content)
        assert (status, said in sentence) == (422, True), sentence
    assert client.get("/api/drafts/part/roi").content == kept.content
    assert draft(client)["has_roi"]
    assert not client.delete("/api/drafts/part/roi").json()["has_roi"]
    assert client.get("/api/drafts/part/roi").status_code == 404
    assert draft(client)["content"] != before
    client.post("/api/drafts", json={"name": "none"})
    assert client.put("/api/drafts/none/roi", content=make_png(255)).status_code == 409


def test_who_may_look_may_not_learn(peopled: TestClient, sign_in: Callable[..., TestClient]):
    assert peopled.get("/api/drafts").status_code == 401
    engineer, operator = sign_in("emil"), sign_in("olga")
    assert engineer.post("/api/drafts", json={"name": "part"}).status_code == 200
    assert operator.get("/api/drafts/part").status_code == 200
    for method, path in (
        ("POST", ""),
        ("DELETE", "/part"),
        ("POST", "/part/pictures"),
        ("PUT", "/part/pictures"),
        ("PUT", "/part/roi"),
        ("DELETE", "/part/roi"),
        ("POST", "/part/intake"),
        ("DELETE", "/part/intake"),
        ("POST", "/part/learn"),
        ("POST", "/part/rates"),
        ("POST", "/part/serve"),
    ):
        assert operator.request(method, f"/api/drafts{path}", json={}).status_code == 403, path
    assert engineer.delete("/api/drafts/part").status_code == 204


def test_a_retraining_learns_from_the_drafts_pictures_too(
    filled: TestClient, fake_training: Path, ended: Ended, make_png: Picture
):
    learned(filled, ended)
    filled.post("/api/drafts/part/serve")
    (made,) = filled.post("/api/inspect", files={"files": ("a.png", make_png(7))}).json()["inspections"]
    filled.put(f"/api/inspections/{made['id']}/label", json={"label": "good"})
    found = filled.post("/api/datasets", json={"model": "part"}).json()
    assert found["good"] == 10
