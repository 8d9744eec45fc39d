"""Disks that are full and folders that may not be written: one sentence, and what was there is there.

A limit on the size of files stands for the full disk, since it needs no rights: a write beyond it fails half
done, as there.
"""

import contextlib
import csv
import errno
import json
import os
import resource
import signal
import sys

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import save_file

from flawflow.cli.group import VERBS
from flawflow.storage.files import write_whole
from flawflow.synthetic import draw_parts
from flawflow.training.backbone_compat import import_timm

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs limits of POSIX")

TINY = {"steps": 20, "blocks": 2, "hidden": 16, "position_channels": 8, "batch": 128}


@contextlib.contextmanager
def file_limit(size):
    """No file may become larger than `size` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


@pytest.fixture
def refused(flawflow, is_sentence):
    """Expect exit code 2 and one sentence that names a file."""

    def expect(name, *arguments):
        result = flawflow(*arguments)
        lines = [line for line in result.stderr.splitlines() if line.startswith("flawflow: ")]
        assert (result.exit_code, len(lines)) == (2, 1), result.output
        assert "unexpected error" not in lines[0]
        assert name in lines[0]
        is_sentence(lines[0])

    return expect


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for index in range(20):
        levels = rng.integers(0, 256 if index == 15 else 2, (60, 80, 3), dtype=np.uint8)
        Image.fromarray(levels).save(folder / f"{index:02d}.png")
    return folder


def test_a_file_is_whole_or_as_it_was(tmp_path):
    path = tmp_path / "a.bin"
    write_whole(path, b"before")
    with file_limit(1000), pytest.raises(OSError, match="bin") as caught:
        write_whole(path, bytes(5000))
    assert caught.value.filename == str(path)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("limit", [0, 500, 3000, 6000])
def test_inspecting_keeps_what_was_finished(limit, tmp_path, tiny_model, photos, refused):
    with file_limit(limit):
        refused(str(tmp_path / "out"), "inspect", tiny_model, photos, "-o", tmp_path / "out")
    listing = tmp_path / "out" / "results.jsonl"
    # It begins with the first record, and before that comes an overlay.
    content = listing.read_bytes() if listing.exists() else b""
    records = [json.loads(line) for line in content.splitlines()]
    assert content == b"" or content.endswith(b"\n")
    assert 0 <= len(records) < 20
    for record in records:
        Image.open(tmp_path / "out" / record["overlay"]).load()
    table = tmp_path / "out" / "results.csv"
    if table.exists():
        rows = list(csv.reader(table.read_text("utf-8").splitlines()))
        assert len({len(row) for row in rows}) <= 1
        assert len(records) - 1 <= max(len(rows) - 1, 0) <= len(records)
    assert not (tmp_path / "out" / "report.html").exists()


def test_calibrating_and_evaluating_leave_what_was_there(tmp_path, tiny_model, photos, refused):
    other = tmp_path / "other.flaw"
    other.write_bytes(tiny_model.read_bytes())
    with file_limit(200):
        refused(str(other), "calibrate", tiny_model, photos, "-o", other, "--overwrite")
    assert other.read_bytes() == tiny_model.read_bytes()
    draw_parts(tmp_path / "parts", train=1, test=1, size=32)
    with file_limit(10):
        refused("m.json", "evaluate", tiny_model, tmp_path / "parts", "--json", tmp_path / "m.json")
    assert not (tmp_path / "m.json").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"tiny.flaw", "other.flaw", "parts", "photos"}


@pytest.fixture
def train(tmp_path):
    """The arguments of a training that takes a moment, of parts that are drawn for it."""
    draw_parts(tmp_path / "parts", train=9, test=1, size=64)
    save_file(import_timm().create_model("test_efficientnet").state_dict(), tmp_path / "weights.safetensors")
    return (
        "train", tmp_path / "parts", "--calibration=split", "--preset=fast", "--encoder=test_efficientnet",
        *(f"--set=detector.{name}={value}" for name, value in TINY.items()),
        f"--weights={tmp_path / 'weights.safetensors'}",
        "--size=64", "--device=cpu", "-o", tmp_path / "part.flaw",
    )  # fmt: skip


@pytest.mark.slow
def test_a_training_is_gone_on_with_when_there_is_space(tmp_path, train, refused, flawflow):
    with file_limit(100):
        refused("plan.json", *train)
    with file_limit(2_000):
        refused("scale-", *train)
    assert (tmp_path / "part.flaw.training" / "plan.json").is_file()
    with file_limit(200_000):
        refused(str(tmp_path / "part.flaw"), *train, "--resume")
    assert not (tmp_path / "part.flaw").exists()
    kept = {path.name: path.read_bytes() for path in (tmp_path / "part.flaw.training").iterdir()}
    # The plan and two flows: of the finest scale and of the joined ones.
    assert len(kept) == 3
    result = flawflow(*train, "--resume")
    assert result.exit_code == 0, result.output
    assert not (tmp_path / "part.flaw.training").exists()
    model = (tmp_path / "part.flaw").read_bytes()
    with file_limit(200_000):
        refused(str(tmp_path / "part.flaw"), *train, "--overwrite")
    assert (tmp_path / "part.flaw").read_bytes() == model


def test_comparing_goes_on_when_there_is_space(tmp_path, train, flawflow):
    arguments = ("compare", *train[1:2], "-o", tmp_path / "out", *train[3:8], "--detectors=cflow")
    arguments = [a for a in arguments if not str(a).startswith(("--encoder", "--weights"))]
    arguments.append("--encoders=test_efficientnet=random")
    with file_limit(2_000):
        # In a process that has the limit, whichever began before.
        result = flawflow(*arguments, "--on=inline")
    assert result.exit_code == 1
    assert "scale-" in result.stderr.splitlines()[-1]
    assert result.stderr.splitlines()[-1].startswith(
        "flawflow: parts: cflow, test_efficientnet, seed 0 failed: "
    )
    assert not list((tmp_path / "out").glob("compare*"))


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT])
def test_every_verb_says_why_nothing_can_be_written(
    *, code, tmp_path, tiny_model, photos, train, refused, monkeypatch
):
    real = os.open

    def refuse(path, *rest, **options):
        if os.fspath(path).endswith(".part"):
            raise OSError(code, os.strerror(code), path)
        return real(path, *rest, **options)

    draw_parts(tmp_path / "labelled", train=1, test=1, size=32)
    monkeypatch.setattr("flawflow.storage.files.os.open", refuse)
    refused(str(tmp_path / "out"), "inspect", tiny_model, photos, "-o", tmp_path / "out")
    refused("new.flaw", "calibrate", tiny_model, photos, "-o", tmp_path / "new.flaw")
    refused("m.json", "evaluate", tiny_model, tmp_path / "labelled", "--json", tmp_path / "m.json")
    refused("plan.json", *train)
    assert len((tmp_path / "out" / "results.jsonl").read_text("utf-8").splitlines()) == 20


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is read-only to root")
def test_read_only_folders(tmp_path, tiny_model, photos, train, refused):
    locked = tmp_path / "locked"
    locked.mkdir()
    locked.chmod(0o555)
    for output in (locked / "out", locked):
        refused("locked", "inspect", tiny_model, photos, "-o", output)
    refused("locked", "calibrate", tiny_model, photos, "-o", locked / "new.flaw")
    refused("locked", *train[:-1], locked / "new.flaw")
    refused("locked", "compare", train[1], "--detectors=padim", "--size=64", "-o", locked / "out")
    if "demo" in VERBS:
        pytest.importorskip("elpv_dataset", reason="the demonstration's pictures are not installed")
        refused("locked", "demo", "--output", locked / "demo")
    assert list(locked.iterdir()) == []
