"""The page's JavaScript: its own tests run in Node.js, without a browser."""

import shutil
import subprocess
from pathlib import Path

import pytest

TESTS = sorted((Path(__file__).parent / "static").glob("*.test.js"))


def test_unit_tests_of_the_page_pass():
    assert TESTS
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node.js is not installed (apt-get install nodejs)")
    done = subprocess.run(
        [node, "--test", *TESTS],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
