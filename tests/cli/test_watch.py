import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import Result
from PIL import Image

Flawflow = Callable[..., Result]


def drop(folder: Path, name: str, level: int) -> None:
    """Put a whole picture into the folder."""
    content = io.BytesIO()
    Image.new("L", (32, 32), level).save(content, "PNG")
    (folder / name).write_bytes(content.getvalue())


def records(output: Path) -> list[dict]:
    return [
        json.loads(line)
        for path in sorted((output / "jsonl").glob("*.jsonl"))
        for line in path.read_text("utf-8").splitlines()
    ]


@contextlib.contextmanager
def watching(*arguments: str | Path) -> Iterator[subprocess.Popen]:
    """A real process; killed at the end if it still runs."""
    command = [sys.executable, "-m", "flawflow", "watch", *map(str, arguments), "--interval", "0.05"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def until(condition: Callable[[], bool], process: subprocess.Popen) -> None:
    pause = threading.Event()
    while not condition():
        if process.poll() is not None:
            raise AssertionError(process.communicate())
        pause.wait(0.02)


def test_pictures_are_judged_as_they_come_and_ctrl_c_ends_cleanly(tmp_path: Path, tiny_model: Path):
    folder, output = tmp_path / "in", tmp_path / "in" / "out"
    folder.mkdir()
    drop(folder, "dark.png", 20)
    sinks = (*("--to", "jsonl", "--to", "csv", "--to", "folder", "--to", "overlays"), "--give-up", "0.1")
    with watching(folder, "--model", tiny_model, "-o", output, *sinks) as process:
        until(lambda: (output / "jsonl").exists() and len(records(output)) == 1, process)
        drop(folder, "bright.png", 255)
        (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing more")
        until(lambda: len(records(output)) == 3, process)
        process.send_signal(signal.SIGINT)
        said, complained = process.communicate(timeout=60)
    assert process.returncode == 0, complained
    assert "Traceback" not in complained
    assert "3 pictures: 1 OK, 0 REVIEW, 1 NG, 1 unreadable" in said
    assert "broken.png cannot be decoded" in complained
    assert {r["path"]: r["verdict"] for r in records(output)} == {
        "dark.png": "OK", "bright.png": "NG", "broken.png": None,
    }  # fmt: skip
    assert (output / "NG" / "bright.png").read_bytes() == (folder / "bright.png").read_bytes()
    assert not (output / "NG" / "bright.png").samefile(folder / "bright.png")
    assert (output / "UNREADABLE" / "broken.png").exists()
    for record in records(output):
        assert (record["overlay"] is None) == (record["verdict"] is None)
        assert record["overlay"] is None or (output / record["overlay"]).is_file()
    (table,) = (output / "csv").iterdir()
    assert len(table.read_text("utf-8").splitlines()) == 4


class Receiver(ThreadingHTTPServer):
    """Takes records on loopback; down until told otherwise."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.keys: list[str] = []
        self.paths: list[str] = []
        self.is_down = False


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self.server.is_down:
            self.server.keys.append(self.headers["Idempotency-Key"])
            self.server.paths.append(body["path"])
        self.send_response(503 if self.server.is_down else 204)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def receiver(serve: Callable[[Receiver], None]) -> Receiver:
    receiver = Receiver()
    serve(receiver)
    return receiver


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
def test_over_kill_and_restart_each_picture_is_judged_once_and_delivered(
    tmp_path: Path, tiny_model: Path, receiver: Receiver
):
    folder, output = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    names = [f"{number}.png" for number in range(60)]
    for name in names:
        drop(folder, name, 20)
    hook = f"webhook=http://127.0.0.1:{receiver.server_port}/"
    ask = (folder, "--model", tiny_model, "-o", output, "--to", "jsonl", "--to", hook)
    for wanted in (5, 25):
        with watching(*ask) as process:
            until(lambda wanted=wanted: len(receiver.keys) >= wanted, process)
            process.kill()
    with watching(*ask) as process:
        until(lambda: len(set(receiver.paths)) == 60 and len(records(output)) == 60, process)
        process.send_signal(signal.SIGTERM)
        _, complained = process.communicate(timeout=60)
    assert process.returncode == 0, complained
    written = records(output)
    assert sorted(record["path"] for record in written) == sorted(names)
    assert [record["id"] for record in written] == list(range(1, 61))
    assert len(set(receiver.keys)) == 60
    # A crash may repeat the one delivery that was under way, and no more.
    assert len(receiver.keys) <= 62


def test_what_a_receiver_has_not_got_waits_for_the_next_start(
    tmp_path: Path, tiny_model: Path, receiver: Receiver
):
    folder, output = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    drop(folder, "a.png", 20)
    receiver.is_down = True
    hook = f"webhook=http://127.0.0.1:{receiver.server_port}/"
    ask = (folder, "--model", tiny_model, "-o", output, "--to", "jsonl", "--to", hook)
    with watching(*ask) as process:
        until(lambda: (output / "jsonl").exists() and len(records(output)) == 1, process)
        process.send_signal(signal.SIGINT)
        said, complained = process.communicate(timeout=60)
    assert process.returncode == 0, complained
    assert f"1 records for {hook} stay in the journal" in said
    receiver.is_down = False
    with watching(*ask) as process:
        until(lambda: receiver.paths == ["a.png"], process)


def test_two_processes_do_not_share_an_output(flawflow: Flawflow, tmp_path: Path, tiny_model: Path):
    (tmp_path / "in").mkdir()
    ask = (tmp_path / "in", "--model", tiny_model, "-o", tmp_path / "out")
    with watching(*ask) as process:
        until((tmp_path / "out" / "journal.sqlite-wal").exists, process)
        refused = flawflow("watch", *ask)
    assert refused.exit_code == 2
    assert "in use" in refused.stderr


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"folder": "gone"}, "is not a folder"),
        ({"output": "in"}, "is the watched folder itself"),
        ({"to": "printer"}, "choose of jsonl, csv, overlays, folder"),
        ({"to": "webhook"}, "choose of jsonl, csv, overlays, folder"),
        ({"to": "webhook=ftp://x"}, "not an HTTP address"),
    ],
)
def test_what_cannot_be_watched_is_said_and_nothing_is_written(
    flawflow: Flawflow, tmp_path: Path, tiny_model: Path, changes: dict[str, str], sentence: str
):
    (tmp_path / "in").mkdir()
    words = {"folder": "in", "output": "out", "to": "jsonl", **changes}
    result = flawflow(
        "watch", tmp_path / words["folder"], "--model", tiny_model, "-o", tmp_path / words["output"],
        "--to", words["to"],
    )  # fmt: skip
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert not (tmp_path / "out").exists()
    assert list((tmp_path / "in").iterdir()) == []
