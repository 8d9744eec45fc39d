import base64
import dataclasses
import io

import numpy as np
import pytest
from PIL import Image

from flawflow.model_file import write_model

from ...explained_model import explained_graph


@pytest.fixture
def explaining(make_client, settings, tmp_path, tiny_graph, tiny_card):
    path = tmp_path / "explained.flaw"
    write_model(path, explained_graph(tiny_graph), tiny_card)
    return make_client(dataclasses.replace(settings, models=(path,)))


def send(client, content):
    answer = client.post("/api/inspect", files={"files": ("a.png", content)})
    return answer.json()["inspections"][0]["id"]


def test_what_good_looks_like(explaining, make_png):
    number = send(explaining, make_png(spot=True))
    (region,) = explaining.get(f"/api/inspections/{number}/explanation").json()["regions"]
    assert [region[kind]["picture"] for kind in ("here", "nearest", "likeliest")] == ["", "90.png", "90.png"]
    assert len(region["box"]) == 4
    kind, _, content = region["nearest"]["source"].partition(",")
    assert kind == "data:image/jpeg;base64"
    assert np.asarray(Image.open(io.BytesIO(base64.b64decode(content)))).shape == (16, 16, 3)


def test_a_model_without_patches_says_how_to_get_them(client, inspect, make_png):
    answer = client.get(f"/api/inspections/{inspect(make_png(spot=True))['id']}/explanation")
    assert answer.status_code == 404
    assert "flawflow train --explain" in answer.json()["detail"]


def test_another_version_of_the_model_does_not_explain(explaining, make_png, monkeypatch):
    number = send(explaining, make_png(spot=True))
    store = explaining.app.state.station.store
    row = store.get(number)
    row.model_sha256 = "0" * 64
    monkeypatch.setattr(store, "get", lambda _: row)
    assert explaining.get(f"/api/inspections/{number}/explanation").status_code == 409
