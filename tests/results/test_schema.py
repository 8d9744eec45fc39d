"""Whoever writes a record writes what `docs/record.schema.json` says."""

import dataclasses
import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema_rs
import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from flawflow.inspection.inspector import Inspector
from flawflow.results.record import RECORD_VERSION
from flawflow.results.run import Run
from flawflow.server.app import create_app
from flawflow.server.settings import Settings
from flawflow.watch.examine import ImageExaminer
from flawflow.watch.journal import Journal
from flawflow.watch.watcher import Watcher, WatchLimits

from ..watch.watching import rounds

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("write_record_schema", DOCS / "write_record_schema.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def check() -> Callable[[dict[str, Any]], None]:
    """Validate a record; keys that the schema knows nothing of are an error unless a test takes them off."""
    schema = json.loads((DOCS / "record.schema.json").read_text("utf-8"))
    for part in (schema, *schema["$defs"].values()):
        part["additionalProperties"] = False
    validate: Callable[[dict[str, Any]], None] = jsonschema_rs.validator_for(schema).validate
    return validate


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    (tmp_path / "in").mkdir()
    paths = [tmp_path / "in" / name for name in ("good.png", "bad.png", "broken.png")]
    for path, level in zip(paths, (20, 255), strict=False):
        Image.fromarray(np.full((40, 60, 3), level, np.uint8)).save(path)
    paths[2].write_bytes(b"\x89PNG\r\n\x1a\nnothing more")
    return paths


def test_the_file_is_the_one_that_the_code_gives(script: ModuleType):
    assert (DOCS / "record.schema.json").read_text("utf-8") == script.schema_text()


def test_the_schema_takes_no_other_version_and_no_missing_key(check: Callable[..., None], tiny_model: Path):
    run = Run(Inspector.load(tiny_model), model="tiny", pictures=tiny_model.parent)
    (result,) = run.results([tiny_model], [])
    whole = result.record.to_dict()
    check(whole)
    for wrong in (
        {**whole, "record_version": RECORD_VERSION + 1},
        {**whole, "verdict": "BAD"},
        {**whole, "surprise": 1},
        {key: value for key, value in whole.items() if key != "sha256"},
    ):
        with pytest.raises(jsonschema_rs.ValidationError):
            check(wrong)


def test_inspect_and_watch_write_it(
    check: Callable[..., None], tiny_model: Path, pictures: list[Path], tmp_path: Path
):
    inspector = Inspector.load(tiny_model)
    inspected = [each.record for each in Run(inspector, model="m", pictures=tmp_path).results(pictures, [])]
    journal = Journal(tmp_path / "journal.sqlite")
    judge = ImageExaminer(inspector, tiny_model)
    watcher = Watcher(
        tmp_path / "in",
        journal,
        judge,
        sinks=["x"],
        limits=WatchLimits(interval_seconds=1e-9, give_up_seconds=0.0),
    )
    rounds(watcher, 4)
    watched = [each.record for each in journal.waiting("x", 9)]
    journal.close()
    for records in (inspected, watched):
        assert sorted(str(record.verdict) for record in records) == ["NG", "None", "OK"]
        for record in records:
            check(record.to_dict())


def test_the_station_answers_and_tells_it(
    check: Callable[..., None], tiny_model: Path, pictures: list[Path], tmp_path: Path
):
    app = create_app(Settings(models=(tiny_model,), data=tmp_path / "data", workers=1))
    events: list[dict[str, Any]] = []
    with TestClient(app, base_url="http://127.0.0.1:8470", client=("127.0.0.1", 50000)) as client:
        app.state.station.events.publish = events.append
        files = [("files", (path.name, path.read_bytes())) for path in pictures]
        answered = client.post("/api/inspect", files=files).json()["inspections"]
        history = client.get("/api/inspections").json()["inspections"]
    assert [each["verdict"] for each in answered] == ["OK", "NG", None]
    told = [event["inspection"] for event in events if event["type"] == "inspection"]
    assert len(told) == len(history) == 2
    besides = {"label", "labelled", "labelled_by", "label_version"}
    besides |= {"has_picture", "has_map", "has_mask", "links"}
    besides |= {"name", "picture_sha256", "size", "timings"}  # until 0.3
    for each in (*answered, *history, *told):
        check({key: value for key, value in each.items() if key not in besides})
        assert besides <= each.keys()


def test_the_fields_of_the_schema_have_a_word_to_say(script: ModuleType):
    schema = script.record_schema()
    assert all("description" in each for each in schema["properties"].values())
    assert dataclasses.fields(script.Record)[0].name == "record_version"
