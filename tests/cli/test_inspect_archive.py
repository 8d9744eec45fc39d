"""Pictures, models, data sets and results behind URLs, through the command line."""

import http.server
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from flawflow.archive import plan, shards
from flawflow.inspection.inspector import Inspector
from flawflow.storage.remote import RemotePath

Flawflow = Callable[..., Result]


def put(folder: Path, place: RemotePath) -> None:
    """Put every file of a folder into a store."""
    for path in filter(Path.is_file, folder.rglob("*")):
        (place / path.relative_to(folder)).write_bytes(path.read_bytes())


@pytest.fixture
def stored(memory: RemotePath, pictures: Path, tiny_model: Path) -> RemotePath:
    """A store with the model and the pictures."""
    put(pictures, memory / "in")
    (memory / "tiny.flaw").write_bytes(tiny_model.read_bytes())
    return memory


def test_everything_may_be_behind_urls(flawflow: Flawflow, stored: RemotePath):
    command = ("inspect", stored / "tiny.flaw", stored / "in", "-o", stored / "out")
    result = flawflow(*command)
    assert result.exit_code == 3, result.output
    assert "2 pictures inspected: 1 NG, 0 REVIEW, 1 OK" in result.stdout
    assert f"{stored}/in/broken.png cannot be decoded" in result.stdout
    names = set((stored / "out").names_below())
    assert names == {
        "archive.json", "summary.json", "listing/00000.jsonl", "overlays/bad/a.png.jpg",
        "shards/00000.json", "shards/00000.jsonl", "shards/00000.parquet",
    }  # fmt: skip
    lines = (stored / "out" / "shards" / "00000.jsonl").read_bytes()
    assert {json.loads(line)["path"] for line in lines.splitlines()} == {
        f"{stored}/in/{name}" for name in ("bad/a.png", "good/a.png", "broken.png")
    }
    again = flawflow(*command)
    assert again.stdout == result.stdout
    assert (stored / "out" / "shards" / "00000.jsonl").read_bytes() == lines
    assert flawflow(*command, "--fail-on-ng").exit_code == 3


@pytest.fixture
def one_a_shard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Archives have a shard for each picture."""
    monkeypatch.setitem(plan.opened_plan.__kwdefaults__, "per_shard", 1)


@pytest.mark.usefixtures("one_a_shard")
def test_the_model_is_loaded_once_for_all_shards(
    flawflow: Flawflow, stored: RemotePath, monkeypatch: pytest.MonkeyPatch
):
    loads = []

    def load(*given: Any, **how: Any) -> Inspector:
        loads.append(given)
        return whole(*given, **how)

    whole = Inspector.load
    monkeypatch.setattr(Inspector, "load", load)
    shards._loaded.cache_clear()
    assert flawflow("inspect", stored / "tiny.flaw", stored / "in", "-o", stored / "out").exit_code == 3
    assert len(loads) == 1


@pytest.mark.usefixtures("one_a_shard")
def test_shards_are_jobs_of_an_executor(flawflow: Flawflow, stored: RemotePath):
    command = ("inspect", stored / "tiny.flaw", stored / "in", "--to", "jsonl")
    here = flawflow(*command, "-o", stored / "here")
    there = flawflow(*command, "-o", stored / "there", "--on", "inline")
    assert there.exit_code == here.exit_code == 3, there.output
    assert there.stdout == here.stdout.replace("/here", "/there")
    (stored / "there" / "shards" / "00001.json").unlink()
    kept = (stored / "there" / "shards" / "00002.jsonl").read_bytes()
    again = flawflow(*command, "-o", stored / "there", "--on", "inline")
    assert again.stdout == there.stdout
    assert (stored / "there" / "shards" / "00002.jsonl").read_bytes() == kept


@pytest.mark.usefixtures("one_a_shard")
def test_shards_that_fail_are_said_and_the_others_are_kept(flawflow: Flawflow, stored: RemotePath):
    written = shards._write

    def fails(work: shards.Work, index: int, *rest: Any) -> None:
        if index == 1:
            raise OSError(28, "No space left on device")
        written(work, index, *rest)

    command = ("inspect", stored / "tiny.flaw", stored / "in", "-o", stored / "out", "--on", "inline")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shards, "_write", fails)
        result = flawflow(*command)
    assert result.exit_code == 2
    assert "1 of 3 shards failed (shard 00001: " in result.output
    assert "the same command continues" in result.output
    assert flawflow(*command).exit_code == 3


@pytest.mark.slow
@pytest.mark.usefixtures("one_a_shard")
@pytest.mark.parametrize("on", ["local", "ray"])
def test_processes_share_an_archive(
    flawflow: Flawflow, bucket: RemotePath, pictures: Path, tiny_model: Path, on: str
):
    if on == "ray":
        pytest.importorskip("ray")
    put(pictures, bucket / "in")
    command = ("inspect", tiny_model, bucket / "in", "-o", bucket / "out", "--to", "jsonl")
    result = flawflow(*command, "--on", on, "--jobs", "2")
    assert result.exit_code == 3, result.output
    assert "2 at a time" in result.stderr
    assert "2 pictures inspected: 1 NG, 0 REVIEW, 1 OK" in result.stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [(("--on", "local"), "--on is for archives"), (("--jobs", "2"), "--jobs says how many shards")],
)
def test_where_to_inspect_is_for_archives(
    flawflow: Flawflow, pictures: Path, tiny_model: Path, tmp_path: Path, options: tuple[str, ...], said: str
):
    result = flawflow("inspect", tiny_model, pictures, "-o", tmp_path / "out", *options)
    assert result.exit_code == 2
    assert said in result.output


def test_results_may_stay_here(flawflow: Flawflow, stored: RemotePath, tmp_path: Path):
    out = tmp_path / "out"
    result = flawflow(
        "inspect", stored / "tiny.flaw", stored / "in" / "bad", "-o", out, "--to", "overlays", "--fail-on-ng"
    )
    assert result.exit_code == 1, result.output
    assert (out / "overlays" / "a.png.jpg").is_file()
    assert not list(out.rglob("*.parquet"))


@pytest.mark.parametrize(
    ("arguments", "way_out"),
    [
        (("--overwrite",), "name another folder"),
        (("--to", "csv"), "choose of jsonl, parquet, overlays"),
        (("memory://plant/more",), "name one folder"),
    ],
)
def test_what_an_archive_has_not_is_a_sentence(
    flawflow: Flawflow, stored: RemotePath, arguments: tuple[str, ...], way_out: str
):
    result = flawflow("inspect", stored / "tiny.flaw", stored / "in", *arguments, "-o", stored / "out")
    assert result.exit_code == 2
    assert way_out in result.stderr
    assert not (stored / "out").exists()


@pytest.mark.parametrize(
    ("place", "way_out"),
    [
        ("ftp://host/in", "none of s3://"),
        ("memory://plant/none", "no picture at memory://plant/none"),
        ("https://me:secret@host/in", "environment variables"),
    ],
)
def test_a_place_that_cannot_be_read_is_a_sentence(
    flawflow: Flawflow, stored: RemotePath, place: str, way_out: str
):
    result = flawflow("inspect", stored / "tiny.flaw", place, "-o", stored / "out")
    assert result.exit_code == 2
    assert way_out in result.stderr
    assert "secret" not in result.output


def test_results_cannot_go_to_a_web_server(flawflow: Flawflow, stored: RemotePath):
    pytest.importorskip("aiohttp")
    result = flawflow("inspect", stored / "tiny.flaw", stored / "in", "-o", "https://127.0.0.1:9/out")
    assert result.exit_code == 2
    assert "can only be read from" in result.stderr


def test_a_data_set_and_its_manifest_may_be_behind_urls(
    flawflow: Flawflow, memory: RemotePath, tiny_model: Path, spots: Path
):
    put(spots, memory / "spots")
    (memory / "spots.csv").write_bytes(
        b"image_path,label_index,split,mask_path\nspots/test/good/0.png,0,test,\n"
        b"memory://plant/spots/test/spot/0.png,1,test,/spots/ground_truth/spot/0_mask.png\n"
    )
    for data in (memory / "spots", memory / "spots.csv"):
        result = flawflow("evaluate", tiny_model, data, "--json", "-", "--report", memory / "report.html")
        assert result.exit_code == 0, result.output
        assert json.loads(result.stdout)["pixel_auroc"] == 1.0
        assert b"</html>" in (memory / "report.html").read_bytes()


@pytest.mark.parametrize("verb", [("watch", "--model", "m.flaw", "-o", "out"), ("backup",)])
def test_what_needs_a_folder_of_this_computer_says_so(flawflow: Flawflow, verb: tuple[str, ...]):
    result = flawflow(*verb, "memory://plant/in")
    assert result.exit_code == 2
    assert "only a path of this computer" in result.stderr


class _Denies(http.server.BaseHTTPRequestHandler):
    """An S3 that denies whatever it is asked for."""

    def _deny(self) -> None:
        answer = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
        self.send_response(403)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)

    do_GET = do_HEAD = do_PUT = _deny  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Nothing."""


def program(*arguments: str | Path, **env: str) -> list[str]:
    return [sys.executable, "-m", "flawflow", *map(str, arguments)]


@pytest.mark.slow
def test_a_bucket_that_denies_is_a_sentence_before_work_begins(
    serve: Callable[..., None], tiny_model: Path, pictures: Path, tmp_path: Path
):
    pytest.importorskip("s3fs")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Denies)
    serve(server)
    env = {
        **os.environ,
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_address[1]}",
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "not-a-real-key",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    for arguments in (
        ("inspect", tiny_model, "s3://bucket/in/", "-o", tmp_path / "out"),
        ("inspect", tiny_model, pictures, "-o", "s3://bucket/out/"),
        ("inspect", "s3://bucket/tiny.flaw", pictures, "-o", tmp_path / "out"),
        ("evaluate", tiny_model, "s3://bucket/spots"),
        ("train", pictures / "good", "-o", "s3://bucket/part.flaw"),
    ):
        done = subprocess.run(program(*arguments), env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 2, done.stderr
        assert done.stderr.count("\n") == 1
        assert "denied" in done.stderr
        assert "s3://bucket/" in done.stderr
        assert "AKIA" not in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_killed_and_started_again_nothing_is_judged_twice_or_lost(
    bucket: RemotePath, tiny_model: Path, pictures: Path
):
    content = (pictures / "good" / "a.png").read_bytes()
    store = bucket._store
    store.pipe({f"{bucket.name}/in/{number:04d}.png": content for number in range(300)})
    code = (
        "import flawflow.archive.plan as plan, flawflow.cli as cli;"
        "plan.opened_plan.__kwdefaults__['per_shard'] = 30; cli.main()"
    )
    command = [
        sys.executable, "-c", code, "inspect", str(tiny_model), f"{bucket}/in", "-o", f"{bucket}/out",
    ]  # fmt: skip
    kills = 0
    for wanted in (1, 4, 7):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        assert process.stderr is not None
        while process.poll() is None and _whole_shards(bucket) < wanted:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.stderr.close()
        kills += process.wait() == -signal.SIGKILL
    assert kills
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    names = [name for name in (bucket / "out" / "shards").names_below() if name.endswith(".jsonl")]
    records = [
        json.loads(line)
        for name in sorted(names)
        for line in (bucket / "out" / "shards" / name).read_bytes().splitlines()
    ]
    assert [record["id"] for record in records] == list(range(1, 301))
    assert len({record["path"] for record in records}) == 300
    assert len({record["journal"] for record in records}) == 1
    found = plan.read_plan(bucket / "out")
    assert found is not None
    assert found.shard_count == len(names) == 10


def _whole_shards(bucket: RemotePath) -> int:
    return sum(name.endswith(".json") for name in (bucket / "out" / "shards").names_below())
