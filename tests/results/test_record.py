import json
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flawflow.inspection.inspection import Failure, Inspection
from flawflow.results.record import RECORD_VERSION, BoxRecord, Record, record_of

MakeInspection = Callable[..., Inspection]


def two_spots() -> np.ndarray:
    values = np.zeros((32, 48))
    values[2:4, 3:5] = 9.0
    values[10:20, 20:40] = 2.0
    return values


def test_a_record_says_all_of_an_inspection(make_inspection: MakeInspection):
    inspection = make_inspection(Path("in/a.png"), anomaly_map=two_spots())
    record = record_of(inspection)
    assert record.path == "in/a.png"
    assert (record.width, record.height) == (48, 32)
    assert record.verdict == inspection.verdict
    assert record.score == inspection.score
    assert record.p_value == inspection.p_value
    assert record.regions is not None
    assert record.regions[0].box == BoxRecord(left=3, top=2, right=5, bottom=4)
    assert record.regions[0].area == 4
    told = record.to_dict()
    assert told["timings_ms"] == {"read": 1.0, "prepare": 2.0, "infer": 3.0, "judge": 4.0}
    assert told["regions"][0]["centroid"] == {"x": 3.5, "y": 2.5}
    assert told["record_version"] == RECORD_VERSION
    assert told["error"] is None


def test_a_failure_has_the_same_keys_and_its_sentence(make_inspection: MakeInspection):
    failure = record_of(Failure(Path("b.png"), "b.png is cut short: save it again.")).to_dict()
    assert failure.keys() == record_of(make_inspection()).to_dict().keys()
    assert list(failure) == [each.name for each in fields(Record)]
    said = {key: value for key, value in failure.items() if value is not None}
    assert said == {
        "record_version": RECORD_VERSION, "path": "b.png", "error": "b.png is cut short: save it again.",
    }  # fmt: skip


def test_a_record_is_read_back(make_inspection: MakeInspection):
    record = replace(record_of(make_inspection(Path("a.png"), anomaly_map=two_spots())), id=7, frame=3)
    assert Record.from_dict(json.loads(json.dumps(record.to_dict()))) == record
    failure = record_of(Failure(None, "no picture"))
    assert Record.from_dict(failure.to_dict()) == failure


def test_what_a_later_flawflow_says_besides_is_left_aside():
    assert Record.from_dict({"path": "a.png", "colour": "red"}) == Record(path="a.png")


@given(name=st.text(), sentence=st.text())
def test_any_name_is_text_to_every_reader(name: str, sentence: str):
    told = record_of(Failure(Path(name), sentence)).to_dict()
    assert json.loads(json.dumps(told, ensure_ascii=False).encode()) == told
    assert told["path"] == str(Path(name)).encode("utf-8", "backslashreplace").decode()


@pytest.mark.parametrize("score", [float("inf"), float("nan")])
def test_a_number_that_json_does_not_know_becomes_null(make_inspection: MakeInspection, score: float):
    record = record_of(replace(make_inspection(Path("a.png")), score=score))
    assert record.score is None
