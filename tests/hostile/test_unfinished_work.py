"""What a comparison or a training left behind, damaged: it is done again, or one sentence says why not."""

import importlib.util
import json
from pathlib import Path

import pytest
import torch

from flawflow.compare import runner
from flawflow.compare.plan import Variant, open_categories, plan_runs
from flawflow.errors import TrainingError
from flawflow.recipe import Recipe
from flawflow.synthetic import draw_parts
from flawflow.training.unfinished_work import WorkFolder, pack, unpack

from ..compare.records import make_record

PLAN = {"seed": 0, "size": [64, 64], "pictures": "0" * 64, "exclude_suspects": False}


def _mutate():
    # Tests are imported one by one (import mode importlib), so a neighbour is fetched by its place.
    spec = importlib.util.spec_from_file_location("hostile_mutate", Path(__file__).with_name("mutate.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.mutate


mutate = _mutate()


@pytest.fixture
def work(tmp_path):
    """A work folder with one checkpoint."""
    torch.manual_seed(0)
    layer = torch.nn.Linear(5, 3)
    optimiser = torch.optim.Adam(layer.parameters())
    layer(torch.ones(2, 5)).sum().backward()
    optimiser.step()
    work = WorkFolder(tmp_path / "part.flaw.training", PLAN, resume=False)
    work.save("scale-0", pack(layer, optimiser, 250))
    return work


def test_a_damaged_checkpoint_is_never_gone_on_with(work, dice, fuzz_count, is_sentence):
    path = work.path / "scale-0.safetensors"
    content = path.read_bytes()
    whole = work.load("scale-0")
    refused = 0
    for _ in range(fuzz_count // 4):
        mutant = mutate(content, dice, [content])
        path.write_bytes(mutant)
        try:
            found = work.load("scale-0")
        except TrainingError as error:
            refused += 1
            is_sentence(error)
        else:
            # What does not change a tensor, such as a blank in the header.
            assert found.keys() == whole.keys()
            assert all(torch.equal(found[name], whole[name]) for name in found)
    assert refused > fuzz_count // 5
    path.write_bytes(content)
    layer = torch.nn.Linear(5, 3)
    assert unpack(layer, torch.optim.Adam(layer.parameters()), work.load("scale-0")) == 250


def test_every_flipped_bit_of_a_checkpoint_is_noticed(work):
    path = work.path / "scale-0.safetensors"
    content = path.read_bytes()
    whole = work.load("scale-0")
    for place in range(8, len(content), 7):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1 << place % 8]) + content[place + 1 :])
        try:
            found = work.load("scale-0")
        except TrainingError:
            continue
        assert all(torch.equal(found[name], whole[name]) for name in whole)


def test_a_damaged_plan_is_refused_or_the_same(work, dice, fuzz_count, is_sentence):
    path = work.path / "plan.json"
    content = path.read_bytes()
    for _ in range(fuzz_count // 4):
        path.write_bytes(mutate(content, dice, [content]))
        try:
            WorkFolder(work.path, PLAN, resume=True)
        except TrainingError as error:
            is_sentence(error)
        else:
            assert json.loads(path.read_bytes()) == PLAN
    for text in (b"[" * 100_000, b'{"a":' * 50_000, b"\xff", b"null", b"5", b'[["seed", 0]]'):
        path.write_bytes(text)
        with pytest.raises(TrainingError):
            WorkFolder(work.path, PLAN, resume=True)
    assert (work.path / "scale-0.safetensors").is_file()


def test_a_damaged_run_is_done_again(tmp_path, dice, fuzz_count):
    draw_parts(tmp_path / "gears", train=1, test=1, size=32)
    variant = Variant(label="padim", recipe=Recipe.of(detector="padim"))
    runs = plan_runs([variant], open_categories([tmp_path / "gears"]), [0])
    file = tmp_path / "out" / "runs" / f"{runs[0].key}.json"
    record = make_record(image_auroc=0.875)
    record.write(file)
    content = file.read_bytes()
    for _ in range(fuzz_count // 4):
        file.write_bytes(mutate(content, dice, [content]))
        for outcome in runner.finished(runs, tmp_path / "out"):
            assert outcome.record == record
    for text in (b"", b"null", b"[]", b"{}", b'"sha256"', b"[" * 100_000, b"\xff\xfe", b'{"sha256": null}'):
        file.write_bytes(text)
        assert runner.finished(runs, tmp_path / "out") == []
    file.write_bytes(content)
    assert [outcome.record for outcome in runner.finished(runs, tmp_path / "out")] == [record]
