"""The work folder: only work of the same plan is resumed, and only whole files."""

from pathlib import Path

import pytest
import torch

from flawflow.errors import TrainingError
from flawflow.training.unfinished_work import WorkFolder, pack, unpack

PLAN = {"seed": 0, "size": [64, 64]}
TENSORS = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.tensor(3)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "part.flaw.training"


def test_what_is_saved_is_loaded(folder: Path) -> None:
    work = WorkFolder(folder, PLAN, resume=False)
    assert work.load("x") is None
    work.save("x", TENSORS)
    again = WorkFolder(folder, PLAN, resume=True).load("x")
    assert again is not None
    assert again.keys() == TENSORS.keys()
    assert all(torch.equal(again[name], TENSORS[name]) for name in again)


def test_starting_anew_keeps_what_was_learned_and_says_where(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for number in (1, 2):
        earlier = WorkFolder(folder, PLAN | {"seed": number}, resume=False)
        assert earlier.load("x") is None
        earlier.within("model-2").save("x", TENSORS)
        (folder / "scale-0.f32").touch()
    assert WorkFolder(folder, PLAN, resume=False).within("model-2").load("x") is None
    for number in (1, 2):
        kept = folder.with_name(f"part.flaw.training-{number}")
        assert f"{folder} held an unfinished training, which is kept as {kept}" in caplog.text
        assert WorkFolder(kept, PLAN | {"seed": number}, resume=True).within("model-2").load("x") is not None
        assert not list(kept.rglob("*.f32"))


def test_work_that_has_learned_nothing_yet_is_not_kept(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    WorkFolder(folder, PLAN, resume=False)
    (folder / "scale-0.f32").touch()
    WorkFolder(folder, PLAN, resume=False)
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    assert not (folder / "scale-0.f32").exists()
    assert caplog.text == ""


def test_resuming_nothing_starts_anew(folder: Path) -> None:
    assert WorkFolder(folder, PLAN, resume=True).load("x") is None
    assert (folder / "plan.json").is_file()


def test_another_plan_is_refused_and_the_work_stays(folder: Path) -> None:
    WorkFolder(folder, PLAN, resume=False).save("x", TENSORS)
    with pytest.raises(TrainingError, match=r"another plan \(different: seed\).* leave out --resume"):
        WorkFolder(folder, PLAN | {"seed": 1}, resume=True)
    assert WorkFolder(folder, PLAN, resume=True).load("x") is not None


@pytest.mark.parametrize("content", ["", "{", "[1]", "\x00\x01"])
def test_a_damaged_plan_is_told(folder: Path, content: str) -> None:
    WorkFolder(folder, PLAN, resume=False)
    (folder / "plan.json").write_text(content)
    with pytest.raises(TrainingError, match=r"plan\.json is damaged; leave out --resume"):
        WorkFolder(folder, PLAN, resume=True)


@pytest.mark.parametrize("keep", [0, 5, 60])
def test_a_damaged_file_is_told(folder: Path, keep: int) -> None:
    work = WorkFolder(folder, PLAN, resume=False)
    work.save("x", TENSORS)
    path = folder / "x.safetensors"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(TrainingError, match=r"x\.safetensors is damaged .* leave out --resume"):
        work.load("x")


def test_removing_leaves_nothing(folder: Path) -> None:
    work = WorkFolder(folder, PLAN, resume=False)
    work.save("x", TENSORS)
    work.remove()
    assert not folder.exists()


def _step(module: torch.nn.Module, optimiser: torch.optim.Optimizer, seed: int) -> None:
    x = torch.randn(8, 3, generator=torch.Generator().manual_seed(seed))
    optimiser.zero_grad()
    module(x).square().sum().backward()
    optimiser.step()


def test_an_unpacked_optimiser_goes_on_as_if_never_stopped(folder: Path) -> None:
    torch.manual_seed(0)
    work = WorkFolder(folder, PLAN, resume=False)
    one, other = torch.nn.Linear(3, 2), torch.nn.Linear(3, 2)
    of_one, of_other = torch.optim.Adam(one.parameters()), torch.optim.Adam(other.parameters())
    for step in range(3):
        _step(one, of_one, step)
    work.save("x", pack(one, of_one, 3))
    kept = work.load("x")
    assert kept is not None
    assert unpack(other, of_other, kept) == 3
    for step in range(3, 6):
        _step(one, of_one, step)
        _step(other, of_other, step)
    assert torch.equal(one.weight, other.weight)
    assert torch.equal(one.bias, other.bias)
