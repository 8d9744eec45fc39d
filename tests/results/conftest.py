"""What the tests of results share."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flawflow.results.record import Record, TimingsRecord
from flawflow.results.sinks.contract import Result
from flawflow.watch.journal import Journal


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal.sqlite")
    yield journal
    journal.close()


@pytest.fixture
def result() -> Callable[..., Result]:
    """Give a result with a whole record, as an outbox does."""
    whole = Record(
        journal="j", time="2026-11-22T10:00:00.000+00:00", sha256="0" * 64, model="part.flaw",
        model_sha256="1" * 64, score=0.5, p_value=0.1, verdict="OK", regions=(), width=32, height=32,
        timings_ms=TimingsRecord(1.0, 1.0, 1.0, 1.0),
    )  # fmt: skip

    def write(number: int, **changes: Any) -> Result:
        path = changes.pop("path", f"{number}.png")
        return Result(replace(whole, id=number, path=path, **changes), file=path)

    return write
