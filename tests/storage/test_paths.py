import importlib.util
import os
import pickle
from pathlib import Path

import pytest

from flawflow.errors import StorageError
from flawflow.storage.paths import absolute, here, identity, is_remote, joined, scratch_place, to_path
from flawflow.storage.remote import RemotePath


def test_a_path_of_this_computer_stays_what_it_is(tmp_path: Path):
    for path in (to_path("parts/a.png"), to_path(tmp_path), to_path(f"file://{tmp_path}")):
        assert not is_remote(path)
        assert here(path) == path
        assert scratch_place(path) == path
    assert to_path(f"file://{tmp_path}") == tmp_path
    assert absolute(Path("a/../b.png")) == Path.cwd() / "b.png"
    (tmp_path / "link").symlink_to(tmp_path / "file")
    assert identity(tmp_path / "link") == identity(tmp_path / "file")


def test_a_url_is_a_path():
    path = to_path("memory://plant/line 1/part.flaw/")
    assert isinstance(path, RemotePath)
    assert (path.name, path.stem, path.suffix) == ("part.flaw", "part", ".flaw")
    assert path.parent / "b.png" == to_path("memory://plant/line 1/b.png")
    assert str(path) == path.url == path.as_posix() == "memory://plant/line 1/part.flaw"
    assert path.relative_to(to_path("memory://plant")) == Path("line 1/part.flaw")
    assert not is_remote(path.relative_to(path.parent))
    assert pickle.loads(pickle.dumps(path)) == path
    assert len({path, to_path(str(path)), path.absolute(), path.resolve()}) == 1
    assert path != Path("memory:/plant/line 1/part.flaw")
    assert is_remote(str(path))
    assert path.is_absolute()
    assert not path.is_symlink()
    assert scratch_place(path) == Path("part.flaw")


@pytest.mark.parametrize(
    ("url", "way_out"),
    [
        ("ftp://host/a.png", "none of s3://"),
        ("s3:///", "give a bucket"),
        ("https://me:secret@host/a.png", "environment variables"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_at_once(url: str, way_out: str):
    with pytest.raises(StorageError, match=way_out) as error:
        to_path(url)
    assert "secret" not in str(error.value)


def test_a_missing_package_is_named_with_what_installs_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "gcsfs" else name)
    with pytest.raises(StorageError, match=r"gcsfs: pip install 'flawflow\[gcs\]'"):
        to_path("gs://bucket/a.png")


def test_a_url_is_no_file_of_this_computer():
    path = to_path("memory://plant/a.png")
    with pytest.raises(StorageError, match="copy it here"):
        os.fspath(path)
    with pytest.raises(StorageError, match="only a path of this computer"):
        here(path)


def test_what_may_be_a_secret_is_never_shown():
    path = RemotePath("https://host/a.flaw?X-Amz-Signature=abc&sv=1")
    assert path.url.endswith("Signature=abc&sv=1")
    assert "abc" not in f"{path} {path!r} {path.as_posix()}"
    assert path != RemotePath("https://host/a.flaw?X-Amz-Signature=abd&sv=1")


def test_lists_name_urls_and_files_of_their_folder(tmp_path: Path):
    assert joined(tmp_path, "a.png") == tmp_path / "a.png"
    assert joined(tmp_path, "/b/a.png") == Path("/b/a.png")
    assert joined(tmp_path, "memory://b/a.png") == RemotePath("memory://b/a.png")
    assert joined(RemotePath("memory://plant"), "/a.png") == RemotePath("memory://plant/a.png")
