import io

import numpy as np
import pytest
from PIL import Image

from flawflow.inspect.inspector import Inspector
from flawflow.report.heat import heat_levels


def image(answer):
    assert answer.status_code == 200, answer.text
    return Image.open(io.BytesIO(answer.content))


def test_the_history_is_paged(client, inspect, make_png):
    numbers = [inspect(make_png(), f"{number}.png")["id"] for number in range(5)]
    first = client.get("/api/inspections?limit=3").json()
    assert [each["id"] for each in first["inspections"]] == numbers[:1:-1]
    assert first["counts"] == {"OK": 5, "REVIEW": 0, "NG": 0}
    second = client.get(f"/api/inspections?limit=3&before={first['next']}").json()
    assert [each["id"] for each in second["inspections"]] == numbers[1::-1]
    assert second["next"] is None


def test_the_history_is_filtered(client, inspect, make_png):
    inspect(make_png(), "dark.png")
    inspect(make_png(spot=True), "spotted.png")
    names = [
        [each["name"] for each in client.get(f"/api/inspections?{query}").json()["inspections"]]
        for query in ("verdict=NG", "text=DARK", "since=2999-01-01", "until=2999-01-01T00:00:00Z", "model=x")
    ]
    assert names == [["spotted.png"], ["dark.png"], [], ["spotted.png", "dark.png"], []]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "verdict=ok",
        "label=x",
        "before=x",
        "before=0",
        "before=99999999999999999999",
        "since=yesterday",
        "since=0001-01-01T00:00:00%2B23:00",
        f"text={'x' * 201}",
    ],
)
def test_a_filter_that_makes_no_sense_is_told_so(client, query):
    answer = client.get(f"/api/inspections?{query}")
    assert answer.status_code == 422
    assert isinstance(answer.json()["detail"], str)


def test_the_map_is_that_of_the_picture(client, inspect, make_png, tiny_model):
    content = make_png(spot=True)
    answer = client.get(inspect(content)["links"]["map"])
    low, high = map(float, answer.headers["x-heat-scale"].split(","))
    assert (low, high) == (0.25, 1.0)
    wanted = heat_levels(Inspector.load(tiny_model).inspect(content).graph_map, (low, high))
    np.testing.assert_array_equal(np.asarray(image(answer)), wanted)


def test_the_picture_is_encoded_anew(client, inspect, make_png):
    # What follows the picture in its file, such as a script, must not reach a browser.
    content = make_png() + b"<script>alert(1)</script>"
    answer = client.get(inspect(content, "x.html")["links"]["picture"])
    assert answer.headers["content-type"] == "image/png"
    assert b"script" not in answer.content
    assert image(answer).size == (60, 40)


def test_a_jpeg_stays_one_and_a_small_one_can_be_had(client, inspect):
    stream = io.BytesIO()
    Image.fromarray(np.full((40, 60, 3), 20, np.uint8)).save(stream, "JPEG")
    links = inspect(stream.getvalue())["links"]
    assert client.get(links["picture"]).headers["content-type"] == "image/jpeg"
    assert image(client.get(links["picture"] + "?side=30")).size == (30, 20)
    assert client.get(links["picture"] + "?side=1").status_code == 422


def test_the_overlay_shows_the_heat(client, inspect, make_png):
    overlay = np.asarray(image(client.get(inspect(make_png(spot=True))["links"]["overlay"])))
    assert overlay.shape == (40, 60, 3)
    # Hot places are coloured, cool ones as they were.
    assert np.ptp(overlay[15, 20].astype(int)) > 50
    assert overlay[38, 58].tolist() == [20, 20, 20]


def test_what_is_not_there_is_404(client):
    for path in ("", "/picture", "/map", "/overlay", "/mask"):
        assert client.get(f"/api/inspections/1{path}").status_code == 404
