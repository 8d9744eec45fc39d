import os
import sys

import pytest

from flawflow.server.errors import RefusedError
from flawflow.server.security.paths import allowed_path, open_inside


@pytest.fixture
def tree(tmp_path):
    """allowed/in.png, and outside of it secret.png with links to it."""
    allowed = tmp_path / "allowed"
    (allowed / "deep").mkdir(parents=True)
    (tmp_path / "allowed-too").mkdir()
    for path in ("allowed/in.png", "allowed/deep/in.png", "secret.png", "allowed-too/secret.png"):
        (tmp_path / path).write_bytes(b"x")
    (allowed / "link.png").symlink_to(tmp_path / "secret.png")
    (allowed / "linked").symlink_to(tmp_path)
    (allowed / "inner.png").symlink_to(allowed / "deep" / "in.png")
    return tmp_path


@pytest.mark.parametrize(
    "text", ["in.png", "deep/in.png", "deep/../in.png", "./in.png", "inner.png", "{}/allowed/in.png"]
)
def test_what_is_inside_may_be_read(tree, text):
    path = allowed_path(text.format(tree), [tree / "allowed"])
    assert path.name == "in.png"
    assert path.is_file()


@pytest.mark.parametrize(
    "text",
    [
        "../secret.png",
        "{}/secret.png",
        "deep/../../secret.png",
        "link.png",
        "linked/secret.png",
        "{}/allowed/../secret.png",
        "{}/allowed-too/secret.png",
        "../allowed-too/secret.png",
        "none.png",
        "in.png\x00.png",
        "~/in.png",
        "file://{}/allowed/in.png",
        "/etc/passwd",
        "/proc/self/environ",
        "a" * 5000,
    ],
)
def test_what_is_outside_may_not(tree, text):
    with pytest.raises(RefusedError, match="not in a folder"):
        allowed_path(text.format(tree), [tree / "allowed"])


def test_without_a_folder_nothing_may():
    with pytest.raises(RefusedError):
        allowed_path("/etc/hostname", [])


def test_an_allowed_folder_that_became_a_link_allows_nothing(tree):
    (tree / "allowed").rename(tree / "before")
    (tree / "allowed").symlink_to(tree)
    with pytest.raises(RefusedError):
        allowed_path("secret.png", [tree / "allowed"])


def test_what_is_inside_is_opened(tree):
    with open_inside(tree / "allowed" / "deep" / "in.png", [tree / "allowed"]) as file:
        assert file.read() == b"x"


@pytest.mark.parametrize("replaced", ["allowed/deep/in.png", "allowed/deep", "allowed"])
def test_a_link_that_came_after_the_check_opens_nothing(tree, replaced):
    path = allowed_path("deep/in.png", [tree / "allowed"])
    outside = tree / "outside"
    (outside / "deep").mkdir(parents=True)
    for name in ("in.png", "deep/in.png"):
        (outside / name).write_bytes(b"secret")
    place = tree / replaced
    place.rename(tree / "before")
    place.symlink_to({"in.png": outside / "in.png", "deep": outside, "allowed": outside}[place.name])
    with pytest.raises(FileNotFoundError):
        open_inside(path, [tree / "allowed"])


@pytest.mark.skipif(sys.platform == "win32", reason="needs pipes in folders")
def test_a_pipe_is_not_waited_for(tree):
    os.mkfifo(tree / "allowed" / "pipe.png")
    with pytest.raises(OSError, match="it is not a file"):
        open_inside(tree / "allowed" / "pipe.png", [tree / "allowed"])


def test_the_service_keeps_to_it(client, settings, make_png):
    outside = settings.data.parent / "outside.png"
    outside.write_bytes(make_png())
    inside = settings.allow[0] / "inside.png"
    inside.write_bytes(make_png())
    (settings.allow[0] / "link.png").symlink_to(outside)
    (settings.allow[0] / "pipe.png").mkdir()
    for path in (str(outside), "../outside.png", "link.png"):
        answer = client.post("/api/inspect", json={"paths": [str(inside), path]})
        assert answer.status_code == 403
    answer = client.post("/api/inspect", json={"paths": ["inside.png", "pipe.png"]})
    found, failed = answer.json()["inspections"]
    assert (found["source"], found["name"]) == ("path", "inside.png")
    assert "cannot be read" in failed["error"]


def test_a_picture_that_became_a_link_before_its_turn_is_not_read(client, settings, make_png, monkeypatch):
    (settings.data.parent / "secret.png").write_bytes(make_png())
    picture = settings.allow[0] / "a.png"
    picture.write_bytes(make_png())
    station = client.app.state.station
    submit = station.inspection_service.submit

    def late(*arguments, **options):
        picture.unlink()
        picture.symlink_to(settings.data.parent / "secret.png")
        return submit(*arguments, **options)

    monkeypatch.setattr(station.inspection_service, "submit", late)
    answer = client.post("/api/inspect", json={"paths": ["a.png"]})
    assert (answer.status_code, client.get("/api/inspections").json()["inspections"]) == (404, [])
