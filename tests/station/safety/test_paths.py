import pytest

from flawflow.station.errors import RefusedError
from flawflow.station.safety.paths import allowed_path


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
