"""kill -9 at random moments: nothing finished is lost, and nothing half done has a finished name.

Thirty kills of each kind; FLAWFLOW_KILLS=300 does more, FLAWFLOW_FUZZ_SEED=N at other moments.
"""

import contextlib
import csv
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from flawflow.model_file import read_model
from flawflow.synthetic import draw_parts

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs fork and kill -9"),
]

PICTURES = 60

# One process that has imported everything; each command runs in a fork of it, which begins at once.
_SERVER = """
import json, os, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
import onnxscript, torch.onnx, torch.onnx._internal.exporter._core
import flawflow.cli.calibrate, flawflow.cli.inspect, flawflow.inspection.inspector
import flawflow.results.deliver, flawflow.results.previous, flawflow.results.run
from flawflow.cli import main
from flawflow.training import train
from flawflow.training.backbone_compat import import_timm
from flawflow.training.detectors import fitting
from flawflow.recipe import Recipe

import_timm()
fitting._KEEP_EVERY = 4
options = {"steps": 60, "blocks": 2, "hidden": 16, "position_channels": 8, "batch": 128}
recipe = Recipe.of("balanced", {f"detector.{name}": value for name, value in options.items()},
    encoder="test_efficientnet", weights="random", size=(64, 64), calibration="split")

def work(command):
    if command[0] != "train":
        return main(command, standalone_mode=False)
    train.train(Path(command[1]), Path(command[2]), recipe, device="cpu", resume=True, keep_work=True)

print("ready", flush=True)
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, 1)
            work(json.loads(line))
            code = 0
        finally:
            os._exit(code)
    print(child, flush=True)
    print(os.waitpid(child, 0)[1], flush=True)
"""


class Server:
    """Runs commands, to their end or until they are killed."""

    def __init__(self):
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SERVER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env=environment,
        )
        assert self._process.stdout.readline() == b"ready\n"

    def run(self, *command, killed_after=None):
        """Give the seconds it took, or None where it was killed before its end."""
        started = time.perf_counter()
        line = json.dumps([os.fspath(part) for part in command]) + "\n"
        self._process.stdin.write(line.encode())
        child = int(self._process.stdout.readline())
        if killed_after is not None:
            ended, _, _ = select.select([self._process.stdout], [], [], killed_after)
            if not ended:
                # It may end just now.
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
        status = int(self._process.stdout.readline())
        assert status == 0 or (killed_after is not None and status == signal.SIGKILL), status
        return time.perf_counter() - started if status == 0 else None

    def close(self):
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()


@pytest.fixture(scope="module")
def server():
    server = Server()
    yield server
    server.close()


@pytest.fixture(scope="session")
def kills():
    return int(os.environ.get("FLAWFLOW_KILLS", "30"))


def weights(output):
    """All that was learned: the flows, and what the scores of calibration depend on."""
    folder = output.with_name(f"{output.name}.training")
    tensors = {path.name: load_file(path) for path in sorted(folder.glob("scale-*.safetensors"))}
    flat = {f"{name} {key}": value for name, held in tensors.items() for key, value in held.items()}
    return flat, read_model(output).card.calibration


def same(one, other):
    return (
        one[0].keys() == other[0].keys()
        and all(torch.equal(one[0][name], other[0][name]) for name in one[0])
        and one[1] == other[1]
    )


def test_training(server, kills, dice, tmp_path):
    draw_parts(tmp_path / "parts", train=10, test=1, size=64)
    whole, output = tmp_path / "whole.flaw", tmp_path / "part.flaw"
    seconds = server.run("train", tmp_path / "parts", whole)
    expected = weights(whole)
    assert len(expected[0]) > 60
    done = 0
    while done < kills:
        # Half of them within the learning, which the export outlasts.
        moment = seconds * dice.uniform(0, dice.choice((0.3, 1.0)))
        if server.run("train", tmp_path / "parts", output, killed_after=moment) is None:
            done += 1
            if output.exists():  # It was killed behind its last step.
                read_model(output)
        else:
            assert same(weights(output), expected)
            output.unlink()
            shutil.rmtree(f"{output}.training")
    server.run("train", tmp_path / "parts", output)
    assert same(weights(output), expected)


@pytest.fixture
def photos(tmp_path):
    (tmp_path / "photos").mkdir()
    levels = np.random.default_rng(0).integers(0, 256, (PICTURES, 120, 160, 3), dtype=np.uint8)
    for index, picture in enumerate(levels):
        Image.fromarray(picture).save(tmp_path / "photos" / f"{index:03d}.png")
    return tmp_path / "photos"


def test_inspecting(*, server, kills, dice, tmp_path, tiny_model, photos):
    out = tmp_path / "out"
    command = ("inspect", tiny_model, photos, "-o", out, "--overwrite")
    seconds = server.run(*command)
    done = 0
    while done < kills:
        if server.run(*command, killed_after=dice.uniform(0, seconds)) is None:
            done += 1
            check_results(out)
    server.run(*command)
    assert len(check_results(out)) == PICTURES
    assert len((out / "results.csv").read_text("utf-8").splitlines()) == 1 + PICTURES
    assert (out / "report.html").read_text("utf-8").rstrip().endswith("</html>")


def check_results(out):
    """Every file that is there is whole, and at most the picture in work is missing."""
    listing, table = out / "results.jsonl", out / "results.csv"
    lines = listing.read_bytes().splitlines(keepends=True) if listing.exists() else []
    # A kill may come between two pages of memory of one write: the last line alone may be cut short.
    whole = [line for line in lines if line.endswith(b"\n")]
    assert whole == lines[: len(whole)]
    assert len(whole) >= len(lines) - 1
    records = [json.loads(line) for line in whole]
    assert [record["path"][-7:] for record in records] == [f"{n:03d}.png" for n in range(len(records))]
    whole_rows = table.read_text("utf-8").rpartition("\n")[0] if table.exists() else ""
    rows = list(csv.reader(whole_rows.splitlines()))
    assert len({len(row) for row in rows}) <= 1
    if rows:  # A list without a table is an earlier inspection's, whose removal begins with the table.
        assert len(records) - 1 <= len(rows) - 1 <= len(records)
    for record in records:
        with Image.open(out / record["overlay"]) as overlay:
            overlay.load()
    return records


def test_calibrating_and_writing_cards(*, server, kills, dice, tmp_path, tiny_model, photos):
    good = [photos / f"{n:03d}.png" for n in range(8)]
    model = tmp_path / "model.flaw"
    before = tiny_model.read_bytes()
    model.write_bytes(before)
    command = ("calibrate", tiny_model, *good, "-o", model, "--overwrite")
    seconds = server.run(*command)
    after = model.read_bytes()
    assert read_model(model).card != read_model(tiny_model).card
    done = 0
    while done < kills:
        model.write_bytes(before)
        if server.run(*command, killed_after=dice.uniform(0, seconds)) is None:
            done += 1
        assert model.read_bytes() in (before, after)
    server.run(*command)
    assert model.read_bytes() == after
