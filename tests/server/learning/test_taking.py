"""How pictures get into a draft: sent, from folders, videos, cameras and sources."""

import dataclasses
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from flawflow.images import read_image
from flawflow.server.learning.draft import Intake, read_draft, write_draft
from flawflow.server.settings import Settings

from ..sources.camera import Camera  # the same camera

Send, Picture, Wait = Callable[..., dict], Callable[..., bytes], Callable[..., None]


@pytest.fixture
def draft(client: TestClient) -> Callable[[], dict]:
    """Give the empty draft `part` as it is now."""
    assert client.post("/api/drafts", json={"name": "part"}).status_code == 200

    def run() -> dict:
        return client.get("/api/drafts/part").json()

    return run


def names(client: TestClient) -> list[str]:
    return [picture["name"] for picture in client.get("/api/drafts/part/pictures").json()]


def take(client: TestClient, **asked: object) -> None:
    answer = client.post("/api/drafts/part/intake", json=asked)
    assert answer.status_code == 200, answer.text


def refused(client: TestClient, **asked: object) -> tuple[int, str]:
    answer = client.post("/api/drafts/part/intake", json=asked)
    return answer.status_code, answer.json()["detail"]


def test_pictures_are_kept_as_they_came_each_once(
    client: TestClient, draft: Callable[[], dict], send: Send, make_picture: Picture, empty: Settings
):
    first, second = make_picture(1), make_picture(2, size=(200, 300))
    done = send(client, "part", first, second, first)
    assert (done["added"], done["known"], done["failures"]) == (2, 1, [])
    assert done["draft"] == draft()
    assert draft()["sizes"] == [
        {"height": 40, "width": 60, "count": 1},
        {"height": 200, "width": 300, "count": 1},
    ]
    kept = (empty.data / "drafts" / "part" / "good").iterdir()
    assert {path.read_bytes() for path in kept} == {first, second}
    assert draft()["bytes"] == len(first) + len(second)
    shown, large = client.get("/api/drafts/part/pictures").json()
    assert (shown["name"], shown["height"], shown["width"], shown["copy_of"]) == ("0.png", 40, 60, None)
    address = f"/api/drafts/part/pictures/{shown['id']}"
    answer = client.get(address)
    assert np.array_equal(read_image(answer.content), read_image(first))
    copy = client.get(f"/api/drafts/part/pictures/{large['id']}?side=100").content
    assert Image.open(io.BytesIO(copy)).size == (160, 107)
    assert client.get(address, headers={"if-none-match": answer.headers["etag"]}).status_code == 304
    assert client.get(f"/api/drafts/part/pictures/{'0' * 32}").status_code == 404


def test_the_same_pixels_in_another_file_are_a_copy(
    client: TestClient, draft: Callable[[], dict], send: Send, make_picture: Picture
):
    send(client, "part", make_picture(1), make_picture(2), make_picture(1, kind="BMP"))
    first, second, copy = client.get("/api/drafts/part/pictures").json()
    assert (second["copy_of"], copy["copy_of"]) == (None, first["id"])
    assert draft()["copies"] == 1
    # Where the first one is left out, it is no copy any more.
    left = client.put("/api/drafts/part/pictures", json={"ids": [first["id"]], "left_out": True}).json()
    assert left["copies"] == 0
    assert [picture["copy_of"] for picture in client.get("/api/drafts/part/pictures").json()] == [None] * 3


def test_what_is_no_picture_is_said_and_the_others_are_kept(
    client: TestClient, draft: Callable[[], dict], send: Send, make_picture: Picture
):
    done = send(client, "part", b"hello", make_picture(1), make_picture(2)[:80])
    assert done["added"] == 1
    assert [failure["name"] for failure in done["failures"]] == ["0.png", "2.png"]
    assert "not a PNG, JPEG" in done["failures"][0]["error"]
    assert "damaged" in done["failures"][1]["error"]


def test_limits_hold(
    make_client: Callable[..., TestClient],
    empty: Settings,
    make_picture: Picture,
    send: Send,
    tmp_path: Path,
):
    size = len(make_picture(0))
    limits = {"max_draft_pictures": 3, "max_pixels": 4000, "max_files": 4, "max_picture_bytes": 20_000}
    client = make_client(dataclasses.replace(empty, **limits))
    client.post("/api/drafts", json={"name": "part"})
    assert (
        "the limit of 4,000" in send(client, "part", make_picture(0, size=(80, 60)))["failures"][0]["error"]
    )
    assert "more than 20,000 bytes" in send(client, "part", bytes(20_001))["failures"][0]["error"]
    files = [("files", (f"{seed}.png", make_picture(seed))) for seed in range(5)]
    assert client.post("/api/drafts/part/pictures", files=files).status_code in (400, 413)
    answer = client.post("/api/drafts/part/pictures", files=files[:4])
    assert (answer.status_code, "at most 3 pictures" in answer.json()["detail"]) == (413, True)
    assert client.get("/api/drafts/part").json()["count"] == 3
    small = make_client(dataclasses.replace(empty, data=tmp_path / "small", max_draft_bytes=size))
    small.post("/api/drafts", json={"name": "part"})
    assert small.post("/api/drafts/part/pictures", files=files[:2]).status_code == 413
    assert small.get("/api/drafts/part").json()["count"] == 1


def test_what_is_sent_wrongly_is_said(client: TestClient, draft: Callable[[], dict], make_picture: Picture):
    place = "/api/drafts/part/pictures"
    assert client.post(place, content=make_picture(1)).status_code == 415
    assert client.post(place, files={"other": ("a.png", make_picture(1))}).status_code == 422
    files = {"files": ("a.png", make_picture(1))}
    for interval in ("0", "-1", "nan", "soon", "1e9"):
        assert client.post(place, files=files, data={"interval": interval}).status_code == 422
    assert client.put(place, json={"ids": ["../../etc/passwd"], "left_out": True}).status_code == 422
    assert draft()["count"] == 0


def test_a_folder_of_the_station_is_taken_and_no_other(
    client: TestClient,
    draft: Callable[[], dict],
    settings: Settings,
    make_picture: Picture,
    tmp_path: Path,
    wait: Wait,
):
    (allowed,) = settings.allow
    (allowed / "line" / "deep").mkdir(parents=True)
    for seed, name in enumerate(("10.png", "9.png", "deep/11.png")):
        (allowed / "line" / name).write_bytes(make_picture(seed))
    (allowed / "line" / "bad.png").write_bytes(b"hello")
    (tmp_path / "secret.png").write_bytes(make_picture(9))
    (allowed / "line" / "secret.png").symlink_to(tmp_path / "secret.png")
    for address in ("/etc", "..", str(tmp_path), "none", ""):
        assert refused(client, kind="folder", address=address)[0] == (403 if address else 422), address
    take(client, kind="folder", address="line")
    wait(lambda: not draft()["intake"]["running"])
    assert names(client) == ["9.png", "10.png", "deep/11.png"]
    found = draft()["intake"]
    assert (found["kept"], found["known"], found["failed"]) == (3, 0, 2)
    assert found["error"].startswith(("bad.png: ", "secret.png: "))
    # Once more nothing is new.
    take(client, kind="folder", address="line")
    wait(lambda: not draft()["intake"]["running"])
    assert (draft()["count"], draft()["intake"]["known"]) == (3, 3)
    (allowed / "empty").mkdir()
    take(client, kind="folder", address="empty")
    wait(lambda: not draft()["intake"]["running"])
    assert "there is no picture" in draft()["intake"]["error"]


def test_a_video_is_taken_from_the_station_and_from_who_sends_it(
    client: TestClient,
    draft: Callable[[], dict],
    settings: Settings,
    film: Callable[..., Path],
    empty: Settings,
    wait: Wait,
):
    (allowed,) = settings.allow
    path = film(allowed / "line.avi")
    take(client, kind="stream", address="line.avi", interval=0.5)
    wait(lambda: not draft()["intake"]["running"])
    assert names(client) == [f"line.avi {second:.3f} s" for second in (0, 0.5, 1, 1.5)]
    with path.open("rb") as sent:
        answer = client.post(
            "/api/drafts/part/pictures", files={"files": ("v.avi", sent)}, data={"interval": "0.25"}
        )
    assert answer.status_code == 200, answer.text
    wait(lambda: not draft()["intake"]["running"])
    found = draft()["intake"]
    assert (found["kind"], found["address"], found["error"]) == ("upload", "", None)
    # Those of 0, 0.5, 1 and 1.5 seconds are known, lossless as they are.
    assert (draft()["count"], found["kept"] + found["known"]) == (4 + found["kept"], 7)
    assert found["kept"] > 2
    assert [each.name for each in (empty.data / "drafts" / "part").glob("video-*")] == []
    files = [("files", ("v.avi", path.read_bytes())), ("files", ("w.avi", path.read_bytes()))]
    assert client.post("/api/drafts/part/pictures", files=files).status_code == 422


def test_a_video_that_is_cut_short_gives_what_it_has_and_says_so(
    client: TestClient, draft: Callable[[], dict], settings: Settings, film: Callable[..., Path], wait: Wait
):
    path = film(settings.allow[0] / "line.avi", count=25, codec="mjpeg")
    path.write_bytes(path.read_bytes()[: int(0.6 * path.stat().st_size)])
    take(client, kind="stream", address="line.avi", interval=0.2)
    wait(lambda: not draft()["intake"]["running"])
    assert "line.avi" in draft()["intake"]["error"]
    assert 1 < draft()["count"] < 10


def test_frames_of_a_camera_are_kept_until_there_are_enough(
    client: TestClient, draft: Callable[[], dict], wait: Wait
):
    with Camera(list(range(0, 200, 2)), endless=True).running() as port:
        address = f"http://127.0.0.1:{port}/live.ts"
        take(client, kind="stream", address=address, interval=0.05, most=4)
        wait(lambda: not draft()["intake"]["running"])
    assert (draft()["count"], draft()["intake"]["error"]) == (4, None)


def test_an_intake_is_stopped_and_one_that_runs_is_resumed_after_a_restart(
    client: TestClient,
    draft: Callable[[], dict],
    settings: Settings,
    make_picture: Picture,
    make_client: Callable[..., TestClient],
    empty: Settings,
    wait: Wait,
):
    address = "rtsp://127.0.0.1:9/none"
    take(client, kind="stream", address=address)
    assert draft()["intake"]["running"]
    assert refused(client, kind="stream", address=address)[0] == 409
    assert client.delete("/api/drafts/part").status_code == 409
    stopped = client.delete("/api/drafts/part/intake").json()
    assert not stopped["intake"]["running"]
    client.__exit__(None, None, None)
    # As if the station had ended in the middle of it.
    (settings.allow[0] / "line").mkdir()
    (settings.allow[0] / "line" / "a.png").write_bytes(make_picture(1))
    folder = empty.data / "drafts" / "part"
    place = str(settings.allow[0] / "line")
    write_draft(
        folder, dataclasses.replace(read_draft(folder), intake=Intake(kind="folder", address=place, most=9))
    )
    again = make_client(empty)
    wait(lambda: again.get("/api/drafts/part").json()["count"] == 1)


def test_what_a_source_reads_is_taken_too(
    make_client: Callable[..., TestClient], settings: Settings, make_picture: Picture, wait: Wait
):
    client = make_client(settings)
    (settings.allow[0] / "line").mkdir()
    (settings.allow[0] / "line" / "a.png").write_bytes(make_picture(1))
    source = client.post("/api/sources", json={"kind": "folder", "address": "line"}).json()
    client.post("/api/drafts", json={"name": "part"})
    take(client, kind="source", source=source["id"])
    wait(lambda: client.get("/api/drafts/part").json()["count"] == 1)
    assert refused(client, kind="source", source=99)[0] in (404, 409)


def test_streams_are_those_of_allowed_hosts(client: TestClient, draft: Callable[[], dict]):
    status, sentence = refused(client, kind="stream", address="rtsp://user:secret@elsewhere/1")
    assert (status, "secret" in sentence) == (403, False)
    assert refused(client, kind="stream", address="file:///etc/passwd")[0] == 403
