"""What is published: a wheel out of a source distribution, and the base install alone."""

import json
import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[1]
BIN = "Scripts" if os.name == "nt" else "bin"

pytestmark = pytest.mark.slow


def run(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a program that sees neither this environment's packages nor the working tree."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(arguments, cwd=cwd, env=env, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source distribution, and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("dist")
    done = run(sys.executable, "-m", "build", "--outdir", folder, ROOT, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def base(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a new environment into which the wheel alone was installed."""
    folder = tmp_path_factory.mktemp("base")
    venv.create(folder, with_pip=True)
    (wheel,) = dist.glob("*.whl")
    python = folder / BIN / "python"
    done = run(python, "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt", wheel, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / BIN


def test_wheel_holds_the_package_and_nothing_else(dist):
    (wheel,) = dist.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    package = {name for name in names if name.startswith("flawflow/")}
    source = ROOT / "src"
    wanted = {path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file()}
    assert package == {name for name in wanted if "__pycache__" not in name}
    assert {name.split("/")[0] for name in names - package} == {wheel.name.split("-py3")[0] + ".dist-info"}


def test_source_distribution_holds_what_it_is_tested_and_built_with(dist):
    (archive,) = dist.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        tops = {name.split("/")[1] for name in opened.getnames()}
    assert {"src", "tests", "docs", "LICENSE", "README.md", "CHANGELOG.md", "pyproject.toml"} <= tops
    assert not tops & {".git", ".venv", "runs", "node_modules", "demo"}


def test_base_install_inspects_and_says_what_learning_needs(base, tiny_model, tmp_path):
    part = np.zeros((32, 32, 3), np.uint8)
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    Image.fromarray(part).save(pictures / "good.png")
    part[:9, :9] = 255
    Image.fromarray(part).save(pictures / "bad.png")
    done = run(base / "flawflow", "inspect", tiny_model, pictures, "-o", "results", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = (tmp_path / "results" / "results.jsonl").read_text("utf-8").splitlines()
    verdicts = {Path(record["path"]).name: record["verdict"] for record in map(json.loads, lines)}
    assert verdicts == {"good.png": "OK", "bad.png": "NG"}
    assert (tmp_path / "results" / "report.html").stat().st_size > 1000

    done = run(base / "flawflow", "train", pictures, "-o", "part.flaw", cwd=tmp_path)
    assert done.returncode == 2
    assert "pip install 'flawflow[train]'" in done.stderr
    listed = run(base / "python", "-m", "pip", "list", "--format", "json", cwd=tmp_path)
    names = {package["name"] for package in json.loads(listed.stdout)}
    assert "flawflow" in names
    assert not names & {"torch", "torchvision", "timm", "onnx", "fastapi", "sqlalchemy"}
