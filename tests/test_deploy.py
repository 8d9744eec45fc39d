"""The files in deploy/ start a station as this version's command line takes it."""

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

import flawflow
from flawflow.cli.serve import command

ROOT = Path(__file__).parents[1]
UNIT = ROOT / "deploy" / "flawflow.service"
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text("utf-8")


def parsed(arguments: list[str]) -> dict[str, object]:
    """What `flawflow serve` makes of these words; it refuses what it does not know."""
    return command.make_context("serve", arguments).params


def test_unit_starts_a_station_in_the_folder_that_it_may_write_to():
    (line,) = re.findall("^ExecStart=(.+)$", UNIT.read_text("utf-8"), re.MULTILINE)
    program, verb, *arguments = shlex.split(line)
    given = parsed(arguments)
    assert (Path(program).name, verb) == ("flawflow", "serve")
    assert given["data"] == Path("/var/lib/flawflow")
    assert "StateDirectory=flawflow\n" in UNIT.read_text("utf-8")
    assert given["host"] == "127.0.0.1"


def test_unit_is_one_that_systemd_knows(tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not installed")
    copy = tmp_path / UNIT.name
    # The program need not be installed where this is tested.
    copy.write_text(UNIT.read_text("utf-8").replace("/opt/flawflow/bin/flawflow", "/bin/true"), "utf-8")
    done = subprocess.run(["systemd-analyze", "verify", copy], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_image_starts_a_station_that_others_reach():
    (entry,) = re.findall("^ENTRYPOINT (.+)$", DOCKERFILE, re.MULTILINE)
    (rest,) = re.findall("^CMD (.+)$", DOCKERFILE, re.MULTILINE)
    program, verb, *arguments = json.loads(entry) + json.loads(rest)
    given = parsed(arguments)
    assert (program, verb) == ("flawflow", "serve")
    assert given["host"] == "0.0.0.0"
    assert f"EXPOSE {given['port']}\n" in DOCKERFILE
    assert f"VOLUME {given['data']}\n" in DOCKERFILE
    assert f"http://127.0.0.1:{given['port']}/api/v1/health" in DOCKERFILE


def test_image_is_built_from_files_that_exist():
    ignored = (ROOT / "deploy" / "Dockerfile.dockerignore").read_text("utf-8")
    for name in re.findall("^!(.+)$", ignored, re.MULTILINE):
        assert (ROOT / name).exists(), name


def test_citation_is_of_this_version():
    (version,) = re.findall("^version: (.+)$", (ROOT / "CITATION.cff").read_text("utf-8"), re.MULTILINE)
    assert version == flawflow.__version__
