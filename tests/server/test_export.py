import csv
import io
import json
from datetime import UTC, datetime

import pytest

from flawflow.server import export

pyarrow = pytest.importorskip("pyarrow")


def rows(client, query=""):
    answer = client.get(f"/api/export?format=csv{query}")
    assert answer.headers["content-disposition"] == 'attachment; filename="inspections.csv"'
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def table(client, query=""):
    import pyarrow.parquet as pq

    return pq.read_table(io.BytesIO(client.get(f"/api/export?format=parquet{query}").content))


def test_both_formats_say_what_the_history_says(client, inspect, make_png):
    inspected = [inspect(make_png(spot=spot), f"{spot}.png") for spot in (False, True)]
    lines, columns = rows(client), table(client).to_pylist()
    for record, line, column in zip(inspected, lines, columns, strict=True):
        assert int(line["id"]) == column["id"] == record["id"]
        assert float(line["score"]) == column["score"] == record["score"]
        assert json.loads(line["regions"]) == json.loads(column["regions"]) == record["regions"]
        assert int(line["region_count"]) == len(record["regions"])
        assert (
            datetime.fromisoformat(line["time"]) == column["time"] == datetime.fromisoformat(record["time"])
        )
        assert (line["has_picture"], column["has_picture"]) == ("true", True)


def test_what_a_person_said_and_when(client, inspect, make_png):
    said, unsaid = (inspect(make_png())["id"] for _ in range(2))
    before = datetime.now(UTC)
    client.put(f"/api/inspections/{said}/label", json={"label": "bad"})
    lines, columns = rows(client), table(client).to_pylist()
    assert [(each["id"], each["label"]) for each in columns] == [(said, "bad"), (unsaid, None)]
    assert before <= columns[0]["labelled"] <= datetime.now(UTC)
    assert datetime.fromisoformat(lines[0]["labelled"]) == columns[0]["labelled"]
    assert (lines[1]["labelled"], columns[1]["labelled"]) == ("", None)


def test_filters_and_nothing_at_all(client, inspect, make_png):
    inspect(make_png())
    assert rows(client, "&verdict=NG") == []
    assert table(client, "&verdict=NG").num_rows == 0
    assert len(rows(client, "&verdict=OK")) == 1
    assert client.get("/api/export?format=xlsx").status_code == 422


@pytest.mark.parametrize("name", ["=cmd()", "+1", "-1", "@x", '"quoted", line\nend'])
def test_names_are_text_to_a_spreadsheet(client, inspect, make_png, name):
    inspect(make_png(), name)
    (line,) = rows(client)
    assert not line["path"].startswith(("=", "+", "-", "@"))


def test_pages_become_row_groups(client, station, inspect, make_png, monkeypatch):
    import pyarrow.parquet as pq

    from flawflow.server.db import pages

    monkeypatch.setattr(pages, "PAGE_ROWS", 2)
    numbers = [inspect(make_png())["id"] for _ in range(5)]
    content = client.get("/api/export?format=parquet").content
    file = pq.ParquetFile(io.BytesIO(content))
    assert file.num_row_groups == 3
    assert file.read(columns=["id"]).column("id").to_pylist() == numbers
    assert len(rows(client)) == 5


def test_without_the_extra_it_is_said(client, monkeypatch):
    monkeypatch.setattr(export, "has_parquet", lambda: False)
    answer = client.get("/api/export?format=parquet")
    assert answer.status_code == 501
    assert "pip install" in answer.json()["detail"]
