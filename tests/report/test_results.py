import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flawflow.inspect.inspection import Failure, Inspection
from flawflow.report.results import CSV_COLUMNS, ResultFiles, to_record

MakeInspection = Callable[..., Inspection]


def two_spots() -> np.ndarray:
    values = np.zeros((32, 48))
    values[2:4, 3:5] = 9.0
    values[10:20, 20:40] = 2.0
    return values


def read_csv(folder: Path) -> list[dict[str, str]]:
    with (folder / "results.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def read_jsonl(folder: Path) -> list[dict]:
    text = (folder / "results.jsonl").read_text("utf-8")
    return [json.loads(line, parse_constant=pytest.fail) for line in text.split("\n")[:-1]]


def test_a_record_says_all_of_an_inspection(make_inspection: MakeInspection):
    inspection = make_inspection(Path("in/a.png"), anomaly_map=two_spots())
    record = to_record(inspection, overlay="overlays/a.jpg")
    assert record["path"] == "in/a.png"
    assert (record["width"], record["height"]) == (48, 32)
    assert record["verdict"] == inspection.verdict
    assert record["score"] == inspection.score
    assert record["p_value"] == inspection.p_value
    assert record["regions"][0]["box"] == {"left": 3, "top": 2, "right": 5, "bottom": 4}
    assert record["regions"][0]["area"] == 4
    assert record["timings_ms"] == {"read": 1.0, "prepare": 2.0, "infer": 3.0, "judge": 4.0}
    assert record["error"] is None


def test_a_failure_has_the_same_keys_and_its_sentence(make_inspection: MakeInspection):
    failure = to_record(Failure(Path("b.png"), "b.png is cut short: save it again."))
    assert failure.keys() == to_record(make_inspection()).keys()
    assert failure["error"] == "b.png is cut short: save it again."
    assert all(value is None for key, value in failure.items() if key not in ("path", "error"))


def test_both_files_can_be_read_after_every_picture(tmp_path: Path, make_inspection: MakeInspection):
    with ResultFiles(tmp_path) as files:
        assert read_jsonl(tmp_path) == read_csv(tmp_path) == []
        for count in range(1, 4):
            files.write(to_record(make_inspection(Path(f"{count}.png"))))
            # Nothing is closed here: this is what a killed process leaves.
            assert [record["path"] for record in read_jsonl(tmp_path)] == [
                f"{i + 1}.png" for i in range(count)
            ]
            assert [row["path"] for row in read_csv(tmp_path)] == [f"{i + 1}.png" for i in range(count)]


def test_earlier_results_are_never_written_over(tmp_path: Path):
    with ResultFiles(tmp_path):
        pass
    with pytest.raises(FileExistsError):
        ResultFiles(tmp_path)


def test_the_csv_holds_the_largest_box_and_not_the_hottest(tmp_path: Path, make_inspection: MakeInspection):
    with ResultFiles(tmp_path) as files:
        files.write(to_record(make_inspection(Path("a.png"), anomaly_map=two_spots())))
        files.write(to_record(Failure(Path("b.png"), "no picture")))
    hot, failed = read_csv(tmp_path)
    sides = [int(hot[f"largest_{side}"]) for side in ("left", "top", "right", "bottom")]
    assert sides == [20, 10, 40, 20]
    assert hot["region_count"] == "2"
    assert tuple(hot) == CSV_COLUMNS
    assert failed["error"] == "no picture"
    assert failed["score"] == failed["region_count"] == ""


def test_a_path_cannot_be_a_formula(tmp_path: Path, make_inspection: MakeInspection):
    names = ["=1+1.png", "+a.png", "-a.png", "@a.png", "\ta.png", "plain.png"]
    with ResultFiles(tmp_path) as files:
        for name in names:
            files.write(to_record(make_inspection(Path(name)), overlay=f"overlays/{name}"))
        files.write(to_record(Failure(None, "=cmd is no picture")))
    rows = read_csv(tmp_path)
    for name, row in zip(names, rows, strict=False):
        assert row["path"][0] not in "=+-@\t\r"
        # The guarded path is still the path of the same file.
        assert Path(row["path"]) == Path(name)
    assert rows[-2]["path"] == "plain.png"
    assert rows[-1]["error"] == "'=cmd is no picture"
    assert [record["path"] for record in read_jsonl(tmp_path)][:-1] == names


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(name=st.text(min_size=1), sentence=st.text())
def test_any_name_survives(tmp_path_factory, make_inspection: MakeInspection, name: str, sentence: str):
    folder = tmp_path_factory.mktemp("any")
    path = Path("in") / name.replace("\x00", "")
    with ResultFiles(folder) as files:
        files.write(to_record(make_inspection(path)))
        files.write(to_record(Failure(path, sentence)))
    first, second = read_jsonl(folder)
    expected = str(path).encode("utf-8", "backslashreplace").decode()
    assert first["path"] == second["path"] == expected
    assert len(read_csv(folder)) == 2


def test_a_number_that_json_does_not_know_becomes_null(tmp_path: Path, make_inspection: MakeInspection):
    with ResultFiles(tmp_path) as files:
        files.write(to_record(make_inspection(Path("a.png"), score=float("inf"))))
    assert read_jsonl(tmp_path)[0]["score"] is None
