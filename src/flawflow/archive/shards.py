"""The work on shards: pictures fetched ahead, inspected side by side, written shard by shard."""

import functools
import itertools
import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from flawflow.archive.numbers import Numbers, shard_path
from flawflow.archive.plan import Plan, shard_names
from flawflow.errors import FlawflowError, ImageError, StorageError
from flawflow.executors.contract import Job
from flawflow.images.read import naming
from flawflow.inspection.inspection import Failure
from flawflow.inspection.inspector import Inspector
from flawflow.inspection.parallel import in_order, threads_of
from flawflow.progress import OnProgress, Progress, ignore_progress
from flawflow.results.lines import json_line
from flawflow.results.parquet import PARQUET_COLUMNS, parquet_chunks
from flawflow.results.record import Record, record_of
from flawflow.results.run import now
from flawflow.results.sinks.contract import Result
from flawflow.results.sinks.overlays import Overlays
from flawflow.results.table import cells_of
from flawflow.storage.backoff import Backoff
from flawflow.storage.files import write_whole
from flawflow.storage.remote import RemotePath
from flawflow.typed import to_plain

_FETCHED_AHEAD = 32
_MOST_TRIES = 4
_STAGE = "inspecting"
# While one thread waits or writes, another computes.
_WORKERS_A_JOB = 2
# What a process takes that inspects pictures: measured 205 MB, and room for larger ones.
_JOB_BYTES = 512 * 2**20


@dataclass(frozen=True, kw_only=True)
class Work:
    """What a process needs for any shard; it can be pickled, and all it names can be read from anywhere.

    Attributes:
        plan: The plan.
        model: The model file.
        root: What the listing's names count from.
        output: The folder of results.
        engine: What runs the model.
    """

    plan: Plan
    model: Path
    root: Path
    output: Path
    engine: str


def work_on_shards(
    work: Work,
    indices: Iterable[int],
    on_progress: OnProgress = ignore_progress,
    *,
    inspector: Inspector | None = None,
    workers: int | None = None,
) -> Iterator[int]:
    """Inspect shards; done twice, it leaves the same records but for their times.

    The pictures of all these shards are one stream: while a shard is written, the next is fetched.

    Args:
        work: The inspection.
        indices: The shards.
        on_progress: Called after each picture.
        inspector: The model at the plan's rates; loaded where it is not given.
        workers: Threads that inspect; by default as `in_order` says.

    Yields:
        Each shard's index, once its results are whole.

    Raises:
        StorageError: The store does not answer, or gives none of a shard's pictures. The shards that were
            given are whole, and the others are as if they had not been begun.
        ModelFileError: The model is not the plan's.
    """
    inspector = inspector or _inspector(work)
    # The whole name stays: no two pictures have one overlay.
    overlays = Overlays(
        work.output, scale=inspector.card.colormap_range, name_of=lambda result: f"{result.file}.jpg"
    )
    judge = functools.partial(_judged, work, inspector, overlays)
    listed = (item for index in indices for item in _items(work, index))
    fetched = in_order(functools.partial(_fetched, work.root), listed, workers=_FETCHED_AHEAD)
    done = itertools.count(1)
    inspected = in_order(judge, fetched, workers=workers)
    for index, results in itertools.groupby(inspected, key=lambda judged: judged.index):
        began = time.perf_counter()
        shard = []
        for judged in results:
            shard.append(judged)
            on_progress(Progress(_STAGE, next(done), 0))
        _write(work, index, shard, time.perf_counter() - began)
        yield index


def shard_jobs(work: Work, indices: Iterable[int]) -> list[Job]:
    """The same work as jobs for an executor: one a shard, each for any process that reads the store."""
    return [
        Job(
            name=f"shard {index:05}",
            work=functools.partial(_one_shard, work, index),
            memory_bytes=_JOB_BYTES,
            imports=("flawflow.archive.shards",),
        )
        for index in indices
    ]


def _one_shard(work: Work, index: int, on_progress: OnProgress) -> int:
    """Inspect a shard and give how many pictures it has."""
    done = 0

    def counted(step: Progress) -> None:
        nonlocal done
        done = step.done
        on_progress(replace(step, total=work.plan.per_shard))

    for _ in work_on_shards(work, [index], counted, workers=_WORKERS_A_JOB):
        pass
    return done


@dataclass(frozen=True)
class _Item:
    index: int
    number: int
    name: str
    content: bytes | OSError = b""


@dataclass(frozen=True)
class _Judged:
    index: int
    record: Record
    is_denied: bool


def _items(work: Work, index: int) -> Iterator[_Item]:
    first = index * work.plan.per_shard + 1
    for number, name in enumerate(shard_names(work.output, index), start=first):
        yield _Item(index, number, name)


def _fetched(root: Path, item: _Item) -> _Item:
    """The item with its content, or with the reason why it cannot be had."""
    pauses = Backoff(first=0.5)
    for tries in itertools.count(1):
        try:
            content = root.read_below(item.name) if isinstance(root, RemotePath) else _read(root / item.name)
            return replace(item, content=content)
        except (FileNotFoundError, PermissionError) as error:
            return replace(item, content=error)
        except OSError as error:
            if tries == _MOST_TRIES:
                raise StorageError(
                    f"{root} does not answer ({error.strerror}): what is done is kept; give the same command "
                    "again to continue."
                ) from None
            time.sleep(pauses.next())
    raise AssertionError("the tries are over")


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise FileNotFoundError(2, "there is no such file", str(path))
    return path.read_bytes()


def _judged(work: Work, inspector: Inspector, overlays: Overlays, item: _Item) -> _Judged:
    path = f"{work.root}/{item.name}"
    if isinstance(item.content, OSError):
        record = record_of(Failure(None, f"{path} cannot be read: {item.content.strerror}."))
    else:
        record = _inspected(work.plan.asked.overlays, inspector, overlays, item, path)
    record = replace(
        record,
        path=path,
        journal=work.plan.journal,
        id=item.number,
        time=now(),
        source="path",
        model=work.model.name,
        model_sha256=work.plan.asked.model_sha256,
    )
    return _Judged(item.index, record, isinstance(item.content, PermissionError))


def _inspected(wanted: str, inspector: Inspector, overlays: Overlays, item: _Item, path: str) -> Record:
    assert isinstance(item.content, bytes)
    try:
        inspection, picture = inspector.inspect_with_image(item.content)
    except ImageError as error:
        return record_of(Failure(None, naming(error, path)))
    result = Result(record_of(inspection), item.name, inspection)
    if wanted == "all" or (wanted == "ng" and inspection.verdict == "NG"):
        result = overlays.prepare(result, picture)
        # It is there before a record names it.
        overlays.deliver([result])
    return result.record


def _write(work: Work, index: int, shard: list[_Judged], seconds: float) -> None:
    if all(judged.is_denied for judged in shard):
        raise StorageError(
            f"Every picture of shard {index} at {work.root} is denied: check your rights there; what is done "
            "is kept, and the same command continues."
        )
    records = [judged.record for judged in shard]
    if work.plan.asked.parquet:
        rows = map(cells_of, records)
        write_whole(
            shard_path(work.output, index, "parquet"), b"".join(parquet_chunks([rows], PARQUET_COLUMNS))
        )
    write_whole(shard_path(work.output, index, "jsonl"), b"".join(map(json_line, records)))
    numbers = Numbers.of(records, seconds)
    write_whole(shard_path(work.output, index, "json"), json.dumps(to_plain(numbers)) + "\n")


def _inspector(work: Work) -> Inspector:
    """The model at the plan's rates, loaded once in a process."""
    inspector = _loaded(work.model, work.engine, work.plan.asked.model_sha256)
    false_reject_rate, review_rate = work.plan.asked.rates
    return inspector.with_calibration(
        inspector.card.calibration.with_rates(false_reject_rate=false_reject_rate, review_rate=review_rate)
    )


@functools.lru_cache(maxsize=1)
def _loaded(model: Path, engine: str, sha256: str) -> Inspector:
    inspector = Inspector.load(model, engine=engine, threads=threads_of(engine))
    if inspector.sha256 != sha256:
        raise FlawflowError(f"{model} has changed since the inspection began: put that model back.")
    return inspector
