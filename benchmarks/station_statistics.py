"""How fast a station's statistics are, from a record of a million inspections.

    python benchmarks/station_statistics.py                       # SQLite in a folder for the moment
    python benchmarks/station_statistics.py --database URL        # of an empty database, or of a former run

The record is made up: 60 days of three shifts, two models, three sources, 1 % NG, 2 % REVIEW, and labels for
a tenth of those. Each question is asked five times; the median is given, of the clock and of this process's
processor time, which other programs on the machine change little.
"""

import functools
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import numpy as np
from sqlalchemy import insert

from flawflow.server.db import Filters, InspectionRow, Store
from flawflow.server.db.places import count_regions
from flawflow.server.db.statistics import Span, count_inspections
from flawflow.server.db.tables import Base
from flawflow.server.shift import shift_starts
from flawflow.server.statistics.report import report_page
from flawflow.server.statistics.series import By
from flawflow.server.statistics.summary import summarise

_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
_DAYS, _ROWS = 60, 10_000
_SHIFTS = shift_starts(("06:00", "14:00", "22:00"))


@click.command()
@click.option("--count", default=1_000_000, show_default=True, help="Inspections.")
@click.option("--database", help="URL of an empty database; default: SQLite.")
def main(*, count: int, database: str | None) -> None:
    """Make the record, and time what the page asks."""
    with tempfile.TemporaryDirectory() as scratch:
        store = Store(database or f"sqlite:///{Path(scratch) / 'station.db'}")
        begin = time.perf_counter()
        if not store.find(Filters(), limit=1):
            for rows in _record(count):
                _add(store, rows)
            click.echo(f"{count:,} inspections in {time.perf_counter() - begin:.0f} s")
        _ask(store)
        _report_recording(store)
        store.close()


def _record(count: int) -> Iterator[list[dict[str, Any]]]:
    generator = np.random.default_rng(0)
    step = timedelta(days=_DAYS) / count
    for first in range(0, count, _ROWS):
        drawn = generator.random((min(_ROWS, count - first), 2))
        yield [
            _row(first + index, _BEGIN + (first + index) * step, *each) for index, each in enumerate(drawn)
        ]


def _row(number: int, when: datetime, drawn: float, labelled: float) -> dict[str, Any]:
    verdict = "NG" if drawn < 0.01 else "REVIEW" if drawn < 0.03 else "OK"
    label = None if verdict == "OK" or labelled > 0.1 else ("good" if labelled < 0.03 else "bad")
    return {
        "key": f"{number:032x}",
        "time": when,
        "model": ("gear", "ring")[number % 2],
        "model_sha256": "0" * 64,
        "name": f"{number}.png",
        "source": ("upload", "watch:/line1", "stream:rtsp://camera/1")[number % 3],
        "score": drawn,
        "p_value": drawn,
        "verdict": verdict,
        "regions": [] if verdict == "OK" else _regions(number),
        "height": 256,
        "width": 256,
        "timings": {"read": 1.0, "prepare": 1.0, "infer": 10.0, "judge": 1.0},
        "picture_sha256": "f" * 64,
        "heat_low": 0.0,
        "heat_high": 1.0,
        "has_picture": True,
        "has_map": False,
        "has_mask": False,
        "label": label,
    }


def _regions(number: int) -> list[dict[str, Any]]:
    generator = np.random.default_rng(number)
    places = generator.uniform(0, 255, (number % 3 + 1, 2))
    areas = (2 ** generator.uniform(2, 15, len(places))).astype(int)
    return [
        {"box": [10, 10, 30, 20], "area": int(area), "peak": 0.9, "centroid": place.tolist()}
        for place, area in zip(places, areas, strict=True)
    ]


def _add(store: Store, rows: Sequence[dict[str, Any]]) -> None:
    with store._engine.execution_options(write=True).begin() as connection:
        connection.execute(insert(Base.metadata.tables[InspectionRow.__tablename__]), rows)
        inspections = [InspectionRow(**row) for row in rows]
        count_inspections(connection, inspections)
        count_regions(connection, inspections)


def _ask(store: Store) -> None:
    end = _BEGIN + timedelta(days=_DAYS)
    whole = Span(since=_BEGIN, until=end)
    spans = {
        "60 days": whole,
        "7 days": replace(whole, since=end - timedelta(days=7)),
        "60 days of a model": replace(whole, model="gear"),
    }
    lengths: tuple[By, ...] = ("shift", "hour", "week")
    for text, span in spans.items():
        for by in lengths:
            _time(f"{text} by {by}", functools.partial(summarise, store, span, by, _SHIFTS))
    _time("where regions lie, 60 days", functools.partial(store.regions.by_place, whole))
    _time("the report of 60 days by shift", functools.partial(_report, store, whole, "shift"))


def _report(store: Store, span: Span, by: By) -> str:
    return report_page(summarise(store, span, by, _SHIFTS), station="line", made=_BEGIN, pictures={})


def _report_recording(store: Store) -> None:
    """What counting adds to a commit of one inspection, without the commit itself."""
    row = InspectionRow(**json.loads(json.dumps(_row(0, _BEGIN, 0.5, 0.5), default=str)))
    row.time = _BEGIN + timedelta(days=_DAYS)
    with store._engine.execution_options(write=True).begin() as connection:
        count_inspections(connection, [row])
        begin = time.process_time()
        for _ in range(1000):
            count_inspections(connection, [row])
        click.echo(f"counting one more inspection: {time.process_time() - begin:.3f} ms of the processor")
        row.verdict, row.regions = "NG", _regions(2)
        begin = time.process_time()
        for _ in range(1000):
            count_regions(connection, [row])
        click.echo(f"counting three regions of it: {time.process_time() - begin:.3f} ms of the processor")


def _time(what: str, ask: Callable[[], object]) -> None:
    taken = []
    for _ in range(5):
        clock, processor = time.perf_counter(), time.process_time()
        ask()
        taken.append((time.perf_counter() - clock, time.process_time() - processor))
    medians = (1000 * sorted(each)[2] for each in zip(*taken, strict=True))
    click.echo("{}: {:.0f} ms, of the processor {:.0f} ms".format(what, *medians))


if __name__ == "__main__":
    main()
