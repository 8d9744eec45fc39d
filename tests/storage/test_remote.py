import functools
import http.server
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from flawflow.errors import StorageError
from flawflow.storage import stores
from flawflow.storage.files import whole_file, write_whole
from flawflow.storage.paths import to_path
from flawflow.storage.remote import RemotePath


@pytest.fixture(params=["memory", pytest.param("bucket", marks=pytest.mark.slow)])
def place(request: pytest.FixtureRequest) -> RemotePath:
    """A folder in a store: in memory, and in S3."""
    found: RemotePath = request.getfixturevalue(request.param)
    return found / "parts"


def test_what_is_written_is_there(place: RemotePath, tmp_path: Path):
    (place / "a.png").write_bytes(b"abc")
    write_whole(place / "lot 7" / "ü#?.txt", "ten\r\nlines")
    with whole_file(place / "b.bin") as scratch:
        scratch.write_bytes(b"large")
    assert (place / "a.png").read_bytes() == b"abc"
    assert (place / "lot 7" / "ü#?.txt").read_text("utf-8") == "ten\nlines"
    with (place / "lot 7" / "ü#?.txt").open(encoding="utf-8", newline="") as stream:
        assert stream.read() == "ten\r\nlines"
    assert sorted(place.names_below()) == ["a.png", "b.bin", "lot 7/ü#?.txt"]
    assert place.read_below("b.bin") == b"large"
    assert {path.name for path in place.iterdir()} == {"a.png", "b.bin", "lot 7"}
    assert place.is_dir()
    assert not place.is_file()
    assert (place / "a.png").is_file()
    assert (place / "a.png").exists()
    assert (place / "a.png").stat().st_size == 3
    state = (place / "a.png").stat()
    assert stat.S_ISREG(state.st_mode)
    assert abs(state.st_mtime_ns / 1e9 - time.time()) < 3600


def test_what_is_missing_says_so(place: RemotePath):
    path = place / "none.png"
    assert not path.exists()
    assert not path.is_file()
    assert not path.is_dir()
    for use in (path.read_bytes, path.stat, path.open):
        with pytest.raises(FileNotFoundError, match="no such object") as error:
            use()
        assert error.value.filename == str(path)
    path.unlink(missing_ok=True)
    path.write_bytes(b"1")
    path.unlink()
    assert not path.exists()


def test_a_block_that_fails_leaves_no_object(place: RemotePath):
    def fail() -> None:
        with whole_file(place / "a.png") as scratch:
            scratch.write_bytes(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not (place / "a.png").exists()


def test_no_object_is_changed_in_place(place: RemotePath):
    with pytest.raises(StorageError, match="changed in place"):
        (place / "a.csv").open("ab")


@pytest.mark.slow
def test_a_thousand_and_more_objects_are_listed_page_by_page(bucket: RemotePath):
    store = bucket._store
    store.pipe({f"{bucket.name}/x/{number:04d}.png": b"" for number in range(1003)})
    store.pipe_file(f"{bucket.name}/x//twice.png", b"slashes")
    names = list((bucket / "x").names_below())
    assert len(names) == len(set(names)) == 1004
    assert (bucket / "x").read_below("/twice.png") == b"slashes"


@pytest.mark.slow
def test_a_bucket_that_is_not_there_is_a_sentence(bucket: RemotePath):
    other = RemotePath(f"{bucket.url}-no")
    for use in (lambda: list(other.names_below()), lambda: (other / "a").write_bytes(b"")):
        with pytest.raises(FileNotFoundError, match="no such object"):
            use()


class _StoreError(Exception):
    """As packages of stores raise them."""

    def __init__(self, text: str, **attributes: object) -> None:
        super().__init__(text)
        self.__dict__.update(attributes)


class NoCredentialsError(Exception):
    pass


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (_StoreError("x", status=403, message="Forbidden"), PermissionError, "denied: Forbidden"),
        (_StoreError("x", status=404), FileNotFoundError, "there is no such object"),
        (PermissionError("Access Denied"), PermissionError, "denied: Access Denied"),
        (NoCredentialsError("Unable to locate credentials"), PermissionError, "denied: Unable to locate"),
        (TimeoutError(), OSError, "TimeoutError"),
        (_StoreError("503 at https://host/a?sig=abc"), OSError, "503 at https://host/a?sig=***"),
    ],
)
def test_every_error_of_a_store_is_the_systems_without_secrets(
    memory: RemotePath, monkeypatch: pytest.MonkeyPatch, error: Exception, kind: type[OSError], said: str
):
    def fails(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(type(memory._store), "cat_file", fails)
    with pytest.raises(OSError, match=r".") as raised:
        (memory / "a.png").read_bytes()
    assert type(raised.value) is kind
    assert said in str(raised.value)
    assert "abc" not in str(raised.value)
    assert raised.value.filename == "memory://plant/a.png"


@pytest.fixture
def website(tmp_path: Path, serve: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> RemotePath:
    """A web server that lists its folders."""
    pytest.importorskip("aiohttp")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=tmp_path)
    monkeypatch.setattr(http.server.SimpleHTTPRequestHandler, "log_message", lambda *_: None)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    serve(server)
    for name in ("parts/a.png", "parts/lot/b.png", "c.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(os.fsencode(name))
    return RemotePath(f"http://127.0.0.1:{server.server_address[1]}")


def test_a_web_server_is_read_from(website: RemotePath):
    parts = website / "parts"
    assert (parts / "a.png").read_bytes() == b"parts/a.png"
    assert (parts / "a.png").is_file()
    assert not (parts / "none.png").exists()
    assert parts.is_dir()
    assert not (website / "none").is_dir()
    assert sorted(parts.names_below()) == ["a.png", "lot/b.png"]
    assert parts.read_below("lot/b.png") == b"parts/lot/b.png"
    for write in (lambda: write_whole(parts / "d.png", b""), whole_file(parts / "d.png").__enter__):
        with pytest.raises(StorageError, match="only be read from"):
            write()


def test_nothing_is_imported_before_it_is_needed():
    import subprocess
    import sys

    code = "import sys, flawflow.cli.inspect, flawflow.storage.paths; print('fsspec' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_every_scheme_has_packages_that_fsspec_knows():
    import fsspec

    assert set(stores.STORES) <= set(fsspec.available_protocols())
    assert to_path("memory://a").scheme == "memory"
