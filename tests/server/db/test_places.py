from importlib import import_module

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import text

from flawflow.server.db import Store
from flawflow.server.db.places import CELLS, PlaceCount

from .test_statistics import row, span

CORNER = {"box": [0, 0, 2, 2], "area": 4, "peak": 0.9, "centroid": [0.4, 0.6]}
END = {"box": [5, 3, 6, 4], "area": 1, "peak": 0.8, "centroid": [5, 3]}


def with_regions(minutes: float, verdict: str, *regions, **given):
    made = row(minutes, verdict, **given)
    made.regions = list(regions)
    return made


@pytest.fixture
def filled(store: Store) -> Store:
    store.add([(with_regions(0, "NG", CORNER, END), b""), (with_regions(1, "OK", CORNER), b"")])
    store.add([(with_regions(2, "REVIEW", END, END, source="watch:/a"), b"")])
    store.add([(with_regions(3, "NG", CORNER, model="other"), b""), (with_regions(600, "NG", END), b"")])
    return store


def cell(x: float, y: float) -> int:
    return CELLS * int((y + 0.5) * CELLS / 4) + int((x + 0.5) * CELLS / 6)


def test_regions_of_rejects_are_counted_by_place_and_size(filled: Store):
    assert filled.regions.by_place(span()) == [
        PlaceCount("other", cell(0.4, 0.6), 3, 1),
        PlaceCount("part", cell(0.4, 0.6), 3, 1),
        PlaceCount("part", cell(5, 3), 2, 3),
    ]
    assert filled.regions.by_place(span(source="watch:/a")) == [PlaceCount("part", cell(5, 3), 2, 2)]


def test_what_an_earlier_flawflow_recorded_is_counted_as_recording_does(filled: Store):
    migration = import_module("flawflow.server.db.migrations.versions.0006_places")
    names = "start, model, source, cell, size, count"
    with filled._engine.begin() as connection:
        recorded = connection.execute(text(f"SELECT {names} FROM places ORDER BY {names}")).all()
        with Operations.context(MigrationContext.configure(connection)):
            counted = connection.execute(text(f"{migration.counted()} ORDER BY 1, 2, 3, 4, 5")).all()
    assert [tuple(map(str, each)) for each in counted] == [tuple(map(str, each)) for each in recorded]
    assert len(recorded) == 5


def test_the_newest_good_picture_is_shown(filled: Store):
    assert filled.regions.good_picture("other") is None
    first = filled.regions.good_picture("part")
    assert first is not None
    newer = row(4, "OK")
    filled.add([(newer, b"")])
    assert filled.regions.good_picture("part").id == newer.id
    filled.set_label(newer.id, "bad")
    assert filled.regions.good_picture("part").id == first.id
