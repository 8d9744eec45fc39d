"""The command, with a training in place that takes no time, in this process."""

import sys
import types
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from flawflow.errors import TrainingError
from flawflow.fleet.fleet import lock_folder
from flawflow.progress import Progress
from flawflow.recipe import Recipe
from flawflow.synthetic import draw_parts

Flawflow = Callable[..., Result]
# The tiny model takes 32 × 32 pixels.
PLAN = """
[defaults]
preset = "fast"
size = 32
[products]
gears = "gears"
cogs = { data = "cogs", seed = 5 }
lids = "lids"
"""


@dataclass(frozen=True)
class Learned:
    image_count: int
    seconds: float = 61.0
    suspects: tuple[Any, ...] = ()
    notes: tuple[str, ...] = ()
    failures: tuple[tuple[Path, str], ...] = ()


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    for seed, name in enumerate(("gears", "cogs", "lids")):
        draw_parts(tmp_path / name, train=2, test=1, size=32, seed=seed)
    (tmp_path / "plan.toml").write_text(PLAN, "utf-8")
    return tmp_path / "plan.toml"


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch, tiny_model: Path) -> list[str]:
    """Put a training in place that takes no time, collect what it trained, and fail on demand."""
    collected: list[str] = []

    def train(
        dataset: Any, output: Path, recipe: Recipe, *, on_progress: Callable[[Progress], None], **options: Any
    ) -> Learned:
        assert options == {"device": "cpu", "resume": True}
        collected.append(dataset.name)
        on_progress(Progress("Features", 1, 2))
        if (dataset.train[0].path.parents[2] / "fails").exists():
            raise TrainingError("there is no light in the pictures.")
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_bytes(tiny_model.read_bytes())
        return Learned(len(dataset.train))

    module = types.ModuleType("flawflow.training.train")
    module.train = train  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "flawflow.training.train", module)
    monkeypatch.setattr("flawflow.training.requirements._NEEDED", ())
    return collected


@pytest.fixture
def fleet(flawflow: Flawflow, plan: Path, tmp_path: Path) -> Flawflow:
    def run(*more: str) -> Result:
        return flawflow(
            "fleet", "train", plan, "-o", tmp_path / "models", "--on", "inline", "--device", "cpu", *more
        )

    return run


def test_the_same_command_does_only_what_is_missing_or_changed(
    fleet: Flawflow, trained: list[str], plan: Path, tmp_path: Path
):
    first = fleet()
    assert first.exit_code == 0, first.output
    assert trained == ["gears", "cogs", "lids"]
    assert "3 products: 0 finished already, 3 to do." in first.stderr
    assert (
        "one after the other in this process; how long it takes is known once the first is done"
        in first.stderr
    )
    assert "[3/3] lids: 2 good pictures, trained in 1 min 1 s, image AUROC" in first.stderr
    assert "3 models ready" in first.stdout
    assert (tmp_path / "models" / "fleet.html").is_file()

    again = fleet()
    assert again.exit_code == 0
    assert "3 products: 3 finished already, 0 to do." in again.stderr
    assert len(trained) == 3

    plan.write_text(PLAN.replace("seed = 5", "seed = 6"), "utf-8")
    (tmp_path / "models" / "lids.flaw").unlink()
    changed = fleet()
    assert changed.exit_code == 0
    assert trained[3:] == ["cogs", "lids"]
    assert "  cogs: another recipe" in changed.stderr
    assert "; about 2 min 2 s." in changed.stderr


def test_one_that_fails_stops_no_other_and_is_named_at_the_end(
    fleet: Flawflow, trained: list[str], tmp_path: Path
):
    (tmp_path / "cogs" / "fails").touch()
    result = fleet()
    assert result.exit_code == 1
    assert trained == ["gears", "cogs", "lids"]
    assert result.stderr.splitlines()[-1] == "flawflow: cogs failed: there is no light in the pictures."
    assert "2 models ready" in result.stdout
    page = (tmp_path / "models" / "fleet.html").read_text("utf-8")
    assert "Failed: there is no light in the pictures." in page
    # Begun again, it is tried again, and with --retry also after all others.
    trained.clear()
    assert fleet("--retry", "2").exit_code == 1
    assert trained == ["cogs"] * 3
    (tmp_path / "cogs" / "fails").unlink()
    assert fleet().exit_code == 0


def test_an_interruption_leaves_the_page_and_what_is_done(
    fleet: Flawflow, trained: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    train = sys.modules["flawflow.training.train"].train

    def interrupted(dataset: Any, *given: Any, **options: Any) -> Learned:
        if dataset.name == "cogs":
            raise KeyboardInterrupt
        return train(dataset, *given, **options)

    monkeypatch.setattr(sys.modules["flawflow.training.train"], "train", interrupted)
    result = fleet()
    assert result.exit_code == 130
    assert "interrupted; the same command continues where it stopped" in result.stderr
    assert "1 model</h1>" in (tmp_path / "models" / "fleet.html").read_text("utf-8")
    monkeypatch.setattr(sys.modules["flawflow.training.train"], "train", train)
    trained.clear()
    assert fleet().exit_code == 0
    assert trained == ["cogs", "lids"]


def test_the_preset_and_settings_of_the_command_count(
    fleet: Flawflow, trained: list[str], monkeypatch: pytest.MonkeyPatch
):
    assert fleet("--set", "seed=9").exit_code == 0
    assert fleet("--set", "seed=9", "--preset", "fast").exit_code == 0
    assert len(trained) == 3
    assert fleet("--set", "seed=9", "--preset", "balanced").exit_code == 0
    assert len(trained) == 6


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--set", "sead=9"), "did you mean seed?"),
        (("--set", "seed"), "sets nothing"),
        (("--on", "clowd"), "There is no executor 'clowd'"),
        (("--on", "local://there"), "takes no address"),
    ],
)
def test_bad_input_ends_in_one_sentence_before_any_work(
    fleet: Flawflow, trained: list[str], tmp_path: Path, more: tuple[str, ...], said: str
):
    result = fleet(*more)
    assert result.exit_code == 2
    assert said in result.stderr.splitlines()[-1]
    assert trained == []
    assert not (tmp_path / "models").exists()


def test_no_data_ends_before_any_work(fleet: Flawflow, trained: list[str], plan: Path, tmp_path: Path):
    plan.write_text(PLAN.replace('"lids"', '"lods"'), "utf-8")
    result = fleet()
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1].startswith(
        f"flawflow: The product lids: {tmp_path / 'lods'} does not exist"
    )
    assert trained == []


def test_two_commands_do_not_train_into_one_folder(fleet: Flawflow, trained: list[str], tmp_path: Path):
    with lock_folder(tmp_path / "models", ".fleet.lock"):
        result = fleet()
    assert result.exit_code == 2
    assert "another flawflow fleet train works on" in result.stderr.splitlines()[-1]
    assert trained == []
    assert fleet().exit_code == 0


def test_without_the_packages_of_training_nothing_begins(fleet: Flawflow, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("flawflow.training.requirements._NEEDED", ("no_such_package",))
    result = fleet()
    assert result.exit_code == 2
    assert "pip install 'flawflow[train]'" in result.stderr
