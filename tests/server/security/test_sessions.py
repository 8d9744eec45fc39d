import os
import stat
from pathlib import Path

import pytest

from flawflow.server.security import sessions as module
from flawflow.server.security.sessions import SESSION_SECONDS, Sessions

TOKEN = "correct-horse-battery"


def has(sessions: Sessions, secret: str) -> bool:
    return sessions.get(secret) is not None


def test_a_login_is_over_after_its_time(tmp_path: Path):
    now = 1e9
    sessions = Sessions(tmp_path / "sessions.json", TOKEN, clock=lambda: now)
    secret = sessions.begin()
    now += SESSION_SECONDS - 1
    assert has(sessions, secret)
    now += 2
    assert not has(sessions, secret)
    sessions.begin()
    assert len(sessions._ends) == 1


def test_the_file_tells_no_secret(tmp_path: Path):
    file = tmp_path / "sessions.json"
    sessions = Sessions(file, TOKEN)
    secret = sessions.begin()
    assert secret not in file.read_text()
    assert TOKEN not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    (mark,) = sessions._ends
    assert not has(Sessions(file, TOKEN), mark)
    assert has(Sessions(file, TOKEN), secret)
    assert not has(Sessions(file, "another token here"), secret)


def test_who_logs_out_is_out_after_a_restart(tmp_path: Path):
    sessions = Sessions(tmp_path / "sessions.json", TOKEN)
    secret, other = sessions.begin(), sessions.begin()
    sessions.end(secret)
    sessions.end("unknown")
    for each in (sessions, Sessions(tmp_path / "sessions.json", TOKEN)):
        assert (has(each, secret), has(each, other)) == (False, True)


def test_the_oldest_of_too_many_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_MAX_SESSIONS", 3)
    now = 1e9
    sessions = Sessions(tmp_path / "sessions.json", TOKEN, clock=lambda: now)
    secrets = []
    for _ in range(5):
        now += 1
        secrets.append(sessions.begin())
    assert [has(sessions, secret) for secret in secrets] == [False, False, True, True, True]


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"a": null}'])
def test_a_torn_file_logs_everybody_out_and_is_named(tmp_path: Path, caplog, text: str):
    file = tmp_path / "sessions.json"
    file.write_text(text)
    sessions = Sessions(file, TOKEN)
    assert str(file) in caplog.text
    assert has(sessions, sessions.begin())


def test_a_full_disk_keeps_nobody_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog):
    def full(*_arguments: object, **_options: object) -> None:
        raise OSError(28, os.strerror(28))

    sessions = Sessions(tmp_path / "sessions.json", TOKEN)
    monkeypatch.setattr(module, "write_whole", full)
    secret = sessions.begin()
    assert has(sessions, secret)
    assert "No space" in caplog.text
    with pytest.raises(OSError, match="No space"):
        sessions.end(secret)
    assert not has(sessions, secret)
