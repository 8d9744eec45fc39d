"""The files in deploy/ start a station as this version's command line takes it."""

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

import flawflow
from flawflow.cli.backup import command as backup
from flawflow.cli.serve import command

ROOT = Path(__file__).parents[1]
UNIT = ROOT / "deploy" / "flawflow.service"
BACKUP = ROOT / "deploy" / "flawflow-backup.service"
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


def test_backup_copies_the_folder_that_the_unit_writes_to():
    (line,) = re.findall("^ExecStart=(.+)$", BACKUP.read_text("utf-8"), re.MULTILINE)
    _, verb, *arguments = shlex.split(line)
    given = backup.make_context(verb, arguments).params
    assert (verb, given["data"]) == ("backup", Path("/var/lib/flawflow"))


@pytest.mark.parametrize("unit", [UNIT, BACKUP, BACKUP.with_suffix(".timer")], ids=lambda unit: unit.name)
def test_unit_is_one_that_systemd_knows(tmp_path, unit):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not installed")
    # A timer is checked with what it starts. The program need not be installed where this is tested.
    for each in (BACKUP, unit):
        text = each.read_text("utf-8").replace("/opt/flawflow/bin/flawflow", "/bin/true")
        (tmp_path / each.name).write_text(text, "utf-8")
    copy = tmp_path / unit.name
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
