import io
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from PIL import Image

from flawflow.inspection.inspector import Inspector
from flawflow.report.heatmap import colormap_levels


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
    wanted = colormap_levels(Inspector.load(tiny_model).inspect(content).graph_map, (low, high))
    np.testing.assert_array_equal(np.asarray(image(answer)), wanted)


def test_the_picture_is_encoded_anew(client, inspect, make_png):
    # What follows the picture in its file, such as a script, must not reach a browser.
    content = make_png() + b"<script>alert(1)</script>"
    answer = client.get(inspect(content, "x.html")["links"]["picture"])
    assert answer.headers["content-type"] == "image/png"
    assert b"script" not in answer.content
    assert image(answer).size == (60, 40)


def jpeg(size):
    stream = io.BytesIO()
    Image.fromarray(np.full((*size, 3), 20, np.uint8)).save(stream, "JPEG")
    return stream.getvalue()


def test_a_jpeg_stays_one(client, inspect):
    links = inspect(jpeg((40, 60)))["links"]
    assert client.get(links["picture"]).headers["content-type"] == "image/jpeg"
    assert client.get(links["picture"] + "?side=1").status_code == 422


@pytest.mark.parametrize(
    ("query", "size"),
    [
        ("", (2600, 1300)),
        ("?side=16", (160, 80)),
        ("?side=160", (160, 80)),
        ("?side=161", (640, 320)),
        ("?side=2048", (2048, 1024)),
        ("?side=2049", (2600, 1300)),
        ("?side=8192", (2600, 1300)),
    ],
)
def test_a_small_copy_can_be_had(client, inspect, make_png, query, size):
    answer = client.get(inspect(make_png(size=(1300, 2600)))["links"]["picture"] + query)
    assert image(answer).size == size
    assert answer.headers["content-type"] == ("image/png" if size[0] == 2600 else "image/jpeg")


def test_a_small_picture_is_not_made_larger(client, inspect, make_png):
    content = make_png(77)
    answer = client.get(inspect(content)["links"]["picture"] + "?side=2048")
    np.testing.assert_array_equal(np.asarray(image(answer)), np.full((40, 60, 3), 77))


def test_what_was_made_is_not_made_again(client, inspect, make_png, monkeypatch):
    links = inspect(make_png(spot=True, size=(400, 400)))["links"]
    monkeypatch.setattr("flawflow.server.rendered_copies._MIN_FREE_BYTES", 0)
    places = [links["picture"], links["picture"] + "?side=160", links["overlay"]]
    before = [client.get(place).content for place in places]

    def made_again(*_, **__):
        raise AssertionError("it was made before")

    for name in ("shown", "read_image", "overlay_png"):
        monkeypatch.setattr(f"flawflow.server.view_cache.{name}", made_again)
    assert [client.get(place).content for place in places] == before


def test_who_has_a_picture_is_told_so_and_nothing_is_made(client, inspect, make_png, monkeypatch):
    links = inspect(make_png(spot=True))["links"]
    other = inspect(make_png(spot=True))["links"]
    for kind, query in (("picture", ""), ("picture", "?side=160"), ("map", ""), ("overlay", "")):
        place = links[kind] + query
        answer = client.get(place)
        tag = answer.headers["etag"]
        assert "no-cache" in answer.headers["cache-control"]
        for given in (tag, f"W/{tag}", f'"x", {tag}', "*"):
            again = client.get(place, headers={"if-none-match": given})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        for given in ('"x"', "", tag[:-2]):
            assert client.get(place, headers={"if-none-match": given}).status_code == 200
        assert client.get(other[kind] + query, headers={"if-none-match": tag}).status_code == 200


def test_a_picture_that_is_not_kept_any_more_is_gone_with_its_copies(client, inspect, make_png, station):
    found = inspect(make_png())
    place = found["links"]["picture"]
    tag = client.get(place).headers["etag"]
    assert list((station.settings.data / "views").glob("*/*/*"))
    station.store.expire(datetime.now(UTC) + timedelta(days=1))
    station.looking.drop([station.store.get(found["id"]).key])
    assert client.get(place, headers={"if-none-match": tag}).status_code == 404
    assert not list((station.settings.data / "views").glob("*/*/*"))


def test_a_large_picture_is_sent_whole(client, inspect):
    noise = np.random.default_rng(0).integers(0, 256, (500, 700, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise).save(stream, "PNG")
    answer = client.get(inspect(stream.getvalue())["links"]["picture"])
    assert int(answer.headers["content-length"]) == len(answer.content) > 1_000_000
    np.testing.assert_array_equal(np.asarray(image(answer)), noise)


def test_the_overlay_shows_the_heat(client, inspect, make_png):
    overlay = np.asarray(image(client.get(inspect(make_png(spot=True))["links"]["overlay"])))
    assert overlay.shape == (40, 60, 3)
    # Hot places are coloured, cool ones as they were.
    assert np.ptp(overlay[15, 20].astype(int)) > 50
    assert overlay[38, 58].tolist() == [20, 20, 20]


def test_what_is_not_there_is_404(client):
    for path in ("", "/picture", "/map", "/overlay", "/mask"):
        assert client.get(f"/api/inspections/1{path}").status_code == 404


def test_the_history_after_an_id(client, inspect, make_png):
    numbers = [inspect(make_png())["id"] for _ in range(3)]
    found = client.get(f"/api/inspections?after={numbers[0]}").json()["inspections"]
    assert [each["id"] for each in found] == numbers[:0:-1]
    assert client.get("/api/inspections?after=-1").status_code == 422


@pytest.mark.parametrize("kind", ["picture", "map", "overlay"])
def test_pictures_are_asked_for_by_head(client, inspect, make_png, kind):
    path = f"/api/v1/inspections/{inspect(make_png(spot=True))['id']}/{kind}"
    head, got = client.head(path), client.get(path)
    assert head.status_code == 200
    for name in ("etag", "content-type", "content-length"):
        assert head.headers[name] == got.headers[name]
    assert client.head(path, headers={"if-none-match": got.headers["etag"]}).status_code == 304
    assert client.head("/api/v1/inspections/99/picture").status_code == 404
