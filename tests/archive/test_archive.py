"""Plan, shards and numbers together: what is listed is judged once, and is whole or absent."""

import io
import json
import pickle
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flawflow.archive import shards
from flawflow.archive.numbers import Numbers, add_up, missing_shards, shard_path
from flawflow.archive.plan import Asked, Plan, opened_plan, read_plan, root_of, shard_names
from flawflow.archive.shards import Work, work_on_shards
from flawflow.errors import DatasetError, FlawflowError, StorageError
from flawflow.inspection.inspector import Inspector
from flawflow.storage.files import sha256_of_file
from flawflow.storage.remote import RemotePath

COUNT, PER_SHARD = 11, 4


def png(level: int) -> bytes:
    content = io.BytesIO()
    Image.fromarray(np.full((40, 60, 3), level, np.uint8)).save(content, "PNG")
    return content.getvalue()


@pytest.fixture
def archive(memory: RemotePath) -> RemotePath:
    """Eleven pictures, of which 03 is NG, and what is none."""
    place = memory / "in"
    for number in range(COUNT):
        (place / f"lot {number // 5}" / f"{number:02d}.png").write_bytes(png(240 if number == 3 else 20))
    for name in ("notes.txt", ".hidden/a.png", "@eaDir/b.png"):
        (place / name).write_bytes(b"none")
    return place


@pytest.fixture
def asked(archive: RemotePath, tiny_model: Path) -> Asked:
    sha256 = sha256_of_file(tiny_model)
    return Asked(pictures=str(archive), model_sha256=sha256, rates=(0.01, 0.05), overlays="ng", parquet=True)


@pytest.fixture
def begun(archive: RemotePath, asked: Asked, memory: RemotePath, tiny_model: Path) -> Callable[[], Work]:
    """Open the plan, as each start of the command does."""

    def begin() -> Work:
        plan = opened_plan(memory / "out", archive, asked, per_shard=PER_SHARD)
        return Work(
            plan=plan, model=tiny_model, root=root_of(archive), output=memory / "out", engine="onnxruntime"
        )

    return begin


def records(work: Work) -> list[dict]:
    paths = (shard_path(work.output, index, "jsonl") for index in range(work.plan.shard_count))
    return [json.loads(line) for path in paths for line in path.read_bytes().splitlines()]


def test_every_picture_has_one_record_as_inspect_gives_it(begun, archive: RemotePath, tiny_model: Path):
    work = pickle.loads(pickle.dumps(begun()))
    seen = []
    assert list(work_on_shards(work, missing_shards(work.output, work.plan), seen.append)) == [0, 1, 2]
    found = records(work)
    assert [Path(record["path"]).name for record in found] == [f"{n:02d}.png" for n in range(COUNT)]
    assert [record["id"] for record in found] == list(range(1, COUNT + 1))
    assert {record["journal"] for record in found} == {work.plan.journal}
    assert [step.done for step in seen] == list(range(1, COUNT + 1))
    inspector = Inspector.load(tiny_model)
    for record in found:
        alone = inspector.inspect(archive.read_below(record["path"].removeprefix(f"{archive}/")))
        assert (record["score"], record["verdict"]) == (alone.score, alone.verdict)
        assert record["overlay"] == (
            "overlays/lot 0/03.png.jpg" if Path(record["path"]).name == "03.png" else None
        )
    overlays = sorted((work.output / "overlays").names_below())
    assert overlays == ["lot 0/03.png.jpg"]
    numbers = add_up(work.output, work.plan)
    assert (numbers.ng, numbers.ok, numbers.unreadable) == (1, COUNT - 1, 0)
    assert numbers.worst[0].path.endswith("03.png")
    summary = json.loads((work.output / "summary.json").read_bytes())
    assert (summary["ng"], summary["others"], summary["pictures"]) == (1, {".txt": 1}, str(archive))
    assert missing_shards(work.output, work.plan) == []


def test_parquet_says_what_the_lines_say(begun):
    pyarrow = pytest.importorskip("pyarrow.parquet")
    work = begun()
    assert list(work_on_shards(work, [1])) == [1]
    table = pyarrow.read_table(io.BytesIO(shard_path(work.output, 1, "parquet").read_bytes())).to_pylist()
    lines = [json.loads(line) for line in shard_path(work.output, 1, "jsonl").read_bytes().splitlines()]
    assert [row["path"] for row in table] == [line["path"] for line in lines]
    assert [row["score"] for row in table] == [line["score"] for line in lines]


@pytest.mark.parametrize("writes", range(1, 11))
def test_ended_at_any_write_and_begun_again_nothing_is_lost_or_judged_twice(
    begun, monkeypatch: pytest.MonkeyPatch, writes: int
):
    class Ended(BaseException):
        pass

    left = writes
    whole = shards.write_whole

    def write(path: Path, content: bytes | str) -> None:
        nonlocal left
        if not left:
            raise Ended
        left -= 1
        whole(path, content)

    work = begun()
    with monkeypatch.context() as patch:
        patch.setattr(shards, "write_whole", write)
        try:
            list(work_on_shards(work, range(3)))
        except Ended:
            assert writes < 9
    again = begun()
    assert again.plan == work.plan
    missing = missing_shards(again.output, again.plan)
    assert missing == list(range(min(writes // 3, 3), 3))
    before = {
        index: shard_path(again.output, index, "jsonl").read_bytes() for index in set(range(3)) - set(missing)
    }
    assert list(work_on_shards(again, missing)) == missing
    assert [record["id"] for record in records(again)] == list(range(1, COUNT + 1))
    assert all(
        shard_path(again.output, index, "jsonl").read_bytes() == text for index, text in before.items()
    )


def test_a_listing_that_was_ended_begins_again(begun, archive, memory, asked, monkeypatch):
    def stopped(count: int) -> None:
        if count == 2 * PER_SHARD:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        opened_plan(memory / "out", archive, asked, per_shard=PER_SHARD, on_listed=stopped)
    assert read_plan(memory / "out") is None
    (archive / "lot 0" / "00.png").unlink()
    work = begun()
    assert work.plan.picture_count == COUNT - 1
    # What comes later is not looked at: the listing is frozen.
    (archive / "late.png").write_bytes(png(0))
    assert begun().plan == work.plan
    assert shard_names(work.output, 0)[0] == "lot 0/01.png"


def test_missing_denied_and_damaged_pictures_are_records(
    begun, archive: RemotePath, monkeypatch: pytest.MonkeyPatch
):
    work = begun()
    (archive / "lot 0" / "01.png").unlink()
    (archive / "lot 0" / "02.png").write_bytes(b"no picture")
    below = RemotePath.read_below

    def read(self: RemotePath, name: str) -> bytes:
        if name.endswith("00.png"):
            raise PermissionError(13, "denied: Access Denied", name)
        return below(self, name)

    monkeypatch.setattr(RemotePath, "read_below", read)
    assert list(work_on_shards(work, [0])) == [0]
    denied, missing, damaged, good = [
        json.loads(line) for line in shard_path(work.output, 0, "jsonl").read_bytes().splitlines()
    ]
    assert denied["error"].endswith("lot 0/00.png cannot be read: denied: Access Denied.")
    assert missing["error"].endswith("lot 0/01.png cannot be read: there is no such object.")
    assert damaged["error"].startswith(f"{archive}/lot 0/02.png is not a")
    assert good["verdict"] == "NG"


def test_a_store_that_denies_everything_or_does_not_answer_ends_the_work(
    begun, monkeypatch: pytest.MonkeyPatch
):
    work = begun()
    for error, said in (
        (PermissionError(13, "denied"), "Every picture of shard 0 .* is denied"),
        (OSError(5, "timed out"), "does not answer"),
    ):

        def fails(self: RemotePath, name: str, error: OSError = error) -> bytes:
            raise error

        with monkeypatch.context() as patch:
            patch.setattr(RemotePath, "read_below", fails)
            patch.setattr(shards.time, "sleep", lambda seconds: None)
            with pytest.raises(StorageError, match=said):
                list(work_on_shards(work, [0]))
    assert missing_shards(work.output, work.plan) == [0, 1, 2]


def test_an_answer_that_comes_late_is_waited_for(begun, monkeypatch: pytest.MonkeyPatch):
    work, failures = begun(), [OSError(5, "busy"), OSError(5, "busy")]
    below = RemotePath.read_below

    def read(self: RemotePath, name: str) -> bytes:
        if failures and name.endswith("05.png"):
            raise failures.pop()
        return below(self, name)

    monkeypatch.setattr(RemotePath, "read_below", read)
    monkeypatch.setattr(shards.time, "sleep", lambda seconds: None)
    list(work_on_shards(work, [1]))
    assert not failures
    assert add_up(work.output, replace(work.plan, picture_count=0)) == Numbers()
    assert [r["error"] for r in map(json.loads, shard_path(work.output, 1, "jsonl").open())] == [None] * 4


def test_another_inspection_does_not_go_on_with_these_results(begun, memory, archive, asked):
    begun()
    other = replace(asked, rates=(0.02, 0.05), overlays="all")
    with pytest.raises(FlawflowError, match=r"different: rates, overlays"):
        opened_plan(memory / "out", archive, other)


def test_a_model_that_has_changed_is_refused(begun, tiny_model: Path):
    work = begun()
    with pytest.raises(FlawflowError, match="has changed"):
        next(work_on_shards(replace(work, plan=_with_model(work.plan, "0" * 64)), [0]))


def _with_model(plan: Plan, sha256: str) -> Plan:
    return replace(plan, asked=replace(plan.asked, model_sha256=sha256))


@pytest.mark.parametrize("content", [b"[]", b"{", b'{"version": 1}', b"\xff"])
def test_a_damaged_plan_is_a_sentence(memory: RemotePath, content: bytes):
    (memory / "archive.json").write_bytes(content)
    with pytest.raises(FlawflowError, match=r"archive\.json is not a plan"):
        read_plan(memory)


def test_nothing_to_inspect_is_a_sentence(memory: RemotePath, asked: Asked):
    (memory / "in" / "a.txt").write_bytes(b"")
    with pytest.raises(DatasetError, match="no picture at memory://plant/none"):
        opened_plan(memory / "out", memory / "none", asked)
    assert read_plan(memory / "out") is None


def test_one_picture_and_folders_of_this_computer_are_archives_too(asked: Asked, tmp_path: Path):
    (tmp_path / "in" / "b").mkdir(parents=True)
    for name in ("a.png", "b/c.png"):
        (tmp_path / "in" / name).write_bytes(png(1))
    assert opened_plan(tmp_path / "1", tmp_path / "in", asked).picture_count == 2
    assert sorted(shard_names(tmp_path / "1", 0)) == ["a.png", "b/c.png"]
    opened_plan(tmp_path / "2", tmp_path / "in" / "b" / "c.png", asked)
    assert shard_names(tmp_path / "2", 0) == ["c.png"]
    assert root_of(tmp_path / "in" / "b" / "c.png") == tmp_path / "in" / "b"


def test_memory_does_not_grow_with_the_listing(memory, asked, tmp_path, monkeypatch):
    def peak(count: int) -> int:
        names = (f"lot/{number:09d}.png" for number in range(count))
        monkeypatch.setattr(RemotePath, "names_below", lambda self: names)
        tracemalloc.start()
        plan = opened_plan(tmp_path / str(count), memory / "in", asked)
        missing_shards(tmp_path / str(count), plan)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    few, many = peak(2_000), peak(20_000)
    assert many < few + 100_000
