import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from flawflow.inspect.inspector import Inspector

Flawflow = Callable[..., Result]


def records(out: Path) -> dict[str, dict]:
    lines = (out / "results.jsonl").read_text("utf-8").splitlines()
    return {Path(record["path"]).parent.name: record for record in map(json.loads, lines)}


def test_a_folder_is_inspected_and_what_cannot_be_read_is_recorded(
    flawflow: Flawflow, tiny_model: Path, pictures: Path, tmp_path: Path
):
    out = tmp_path / "out"
    result = flawflow("inspect", tiny_model, pictures, "-o", out)
    assert result.exit_code == 3, result.output
    found = records(out)
    assert {name: record["verdict"] for name, record in found.items()} == {
        "good": "OK",
        "bad": "NG",
        "pictures": None,
    }
    assert "broken.png" in found["pictures"]["error"]
    assert found["bad"]["overlay"] == "overlays/bad/a.jpg"
    assert all((out / name).exists() for name in ("results.csv", "report.html", "overlays/good/a.jpg"))
    assert "2 pictures inspected: 1 NG, 1 OK" in result.stdout
    assert "1 picture could not be read" in result.stdout
    assert str(out / "report.html") in result.stdout.replace("\n", "")
    assert result.stdout.index("bad/a.png") < result.stdout.index("good/a.png")


def test_verdicts_do_not_change_the_exit_code_unless_asked(
    flawflow: Flawflow, tiny_model: Path, pictures: Path, tmp_path: Path
):
    assert flawflow("inspect", tiny_model, pictures / "bad", "-o", tmp_path / "1").exit_code == 0
    assert (
        flawflow("inspect", tiny_model, pictures / "bad", "-o", tmp_path / "2", "--fail-on-ng").exit_code == 1
    )
    assert (
        flawflow("inspect", tiny_model, pictures / "good", "-o", tmp_path / "3", "--fail-on-ng").exit_code
        == 0
    )
    assert flawflow("inspect", tiny_model, pictures, "-o", tmp_path / "4", "--fail-on-ng").exit_code == 3


def test_earlier_results_are_kept_unless_told_otherwise(
    flawflow: Flawflow, tiny_model: Path, pictures: Path, tmp_path: Path
):
    out = tmp_path / "out"
    assert flawflow("inspect", tiny_model, pictures / "good", "-o", out).exit_code == 0
    before = (out / "results.jsonl").read_bytes()
    refused = flawflow("inspect", tiny_model, pictures / "bad", "-o", out)
    assert refused.exit_code == 2
    assert "--overwrite" in refused.stderr
    assert (out / "results.jsonl").read_bytes() == before
    assert flawflow("inspect", tiny_model, pictures / "bad", "-o", out, "--overwrite").exit_code == 0
    assert list(records(out)) == ["bad"]


@pytest.mark.parametrize("wrong", ["model", "pictures"])
def test_a_slip_costs_no_earlier_results(
    flawflow: Flawflow, tiny_model: Path, pictures: Path, tmp_path: Path, wrong: str
):
    out = tmp_path / "out"
    flawflow("inspect", tiny_model, pictures / "good", "-o", out)
    model = tmp_path / "none.flaw" if wrong == "model" else tiny_model
    source = tmp_path / "nowhere" if wrong == "pictures" else pictures
    assert flawflow("inspect", model, source, "-o", out, "--overwrite").exit_code == 2
    assert list(records(out)) == ["good"]
    assert (out / "report.html").exists()


def test_overlays_are_no_pictures_to_inspect(flawflow: Flawflow, tiny_model: Path, pictures: Path):
    out = pictures / "out"
    flawflow("inspect", tiny_model, pictures, "-o", out)
    flawflow("inspect", tiny_model, pictures, "-o", out, "--overwrite")
    assert len(records(out)) == 3
    only_overlays = flawflow("inspect", tiny_model, out / "overlays", "-o", out, "--overwrite")
    assert only_overlays.exit_code == 2


def test_ctrl_c_keeps_what_is_done_and_says_where(
    flawflow: Flawflow, tiny_model: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    whole = Inspector.inspect_many

    def interrupted(self: Inspector, sources: list[Path]):
        yield next(iter(whole(self, sources)))
        raise KeyboardInterrupt

    monkeypatch.setattr(Inspector, "inspect_many", interrupted)
    out = tmp_path / "out"
    result = flawflow("inspect", tiny_model, pictures, "-o", out)
    assert result.exit_code == 130
    assert "results.jsonl" in result.stderr
    assert len(records(out)) == 1


def test_inspecting_loads_no_torch(tiny_model: Path, pictures: Path, tmp_path: Path):
    code = (
        "import sys\nfrom flawflow.cli import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "print(sorted({'torch', 'scipy', 'sklearn', 'timm'} & set(sys.modules)))"
    )
    arguments = ["inspect", str(tiny_model), str(pictures), "-o", str(tmp_path / "out")]
    shown = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    assert shown.stdout.splitlines()[-1] == "[]"
    assert (tmp_path / "out" / "report.html").exists()
