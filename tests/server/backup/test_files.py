import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from flawflow.server.backup.backup import back_up
from flawflow.server.settings import Settings
from flawflow.server.station import Station


def test_the_sources_of_a_working_station(settings: Settings, tmp_path: Path, make_png, tiny_model):
    """The journals are locked by the station's process, so that this needs one."""
    line = settings.allow[0] / "line"
    line.mkdir()
    (line / "a.png").write_bytes(make_png())
    program = [sys.executable, "-c", WORKING, tiny_model, settings.data, settings.allow[0]]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "watching\n"
        done = back_up(settings.data, tmp_path / "backup")
        process.communicate("end\n", timeout=60)
    assert done.left_out == ()
    with closing(sqlite3.connect(tmp_path / "backup" / "sources" / "1.sqlite")) as journal:
        assert journal.execute("SELECT path FROM files").fetchall() == [(b"a.png",)]
    kept = json.loads((tmp_path / "backup" / "sources" / "sources.json").read_text())
    assert [each["address"] for each in kept] == [str(line)]


WORKING = """
import sys, time
from pathlib import Path
from starlette.testclient import TestClient
from flawflow.server.app import create_app
from flawflow.server.settings import Settings

model, data, allowed = map(Path, sys.argv[1:])
with TestClient(
    create_app(Settings(models=(model,), data=data, allow=(allowed,))), base_url="http://127.0.0.1:8470"
) as client:
    client.post("/api/sources", json={"kind": "folder", "address": "line", "interval": 0.05})
    while not client.get("/api/inspections").json()["inspections"]:
        time.sleep(0.05)
    while client.get("/api/sources").json()[0]["seen"] < 1:
        time.sleep(0.05)
    print("watching", flush=True)
    sys.stdin.readline()
"""


def test_a_removed_source_leaves_no_journal_to_a_later_one(settings: Settings, tmp_path: Path):
    Station.open(settings).close()
    sources = settings.data / "sources"
    sources.mkdir()
    with closing(sqlite3.connect(sources / "1.sqlite")) as journal:
        journal.execute("CREATE TABLE files (path)")
    back_up(settings.data, tmp_path / "backup")
    assert (tmp_path / "backup" / "sources" / "1.sqlite").exists()
    (sources / "1.sqlite").unlink()
    back_up(settings.data, tmp_path / "backup")
    assert not (tmp_path / "backup" / "sources" / "1.sqlite").exists()
