"""The engine keeps to itself."""

import os
import subprocess
import sys


def test_loading_a_model_writes_nothing_into_the_home_folder(tiny_model, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    code = "import sys; from flawflow.inspection import Inspector; Inspector.load(sys.argv[1])"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ORT_", "XDG_"))}
    run = subprocess.run(
        [sys.executable, "-c", code, tiny_model],
        env=environment | {"HOME": str(home)},
        capture_output=True,
        timeout=120,
        check=True,
    )
    assert (run.stdout, run.stderr) == (b"", b"")
    assert list(home.rglob("*")) == []
