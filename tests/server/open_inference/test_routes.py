import json
import struct

import numpy as np
import pytest

from flawflow.inspection.inspector import Inspector

INFER = "/v2/models/tiny/infer"


def tensor(*images: np.ndarray) -> dict:
    batch = np.stack(images)
    return {"name": "images", "datatype": "UINT8", "shape": list(batch.shape), "data": batch.tolist()}


@pytest.fixture
def images() -> list[np.ndarray]:
    rng = np.random.default_rng(7)
    dark = rng.integers(0, 60, (40, 60, 3), np.uint8)
    spotted = dark.copy()
    spotted[10:20, 10:30] = 255
    return [dark, spotted]


def test_health_and_what_there_is(client):
    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/health/ready").json() == {"ready": True}
    about = client.get("/v2").json()
    assert (about["name"], about["extensions"]) == ("flawflow", ["binary_tensor_data"])
    model = client.get("/v2/models/tiny").json()
    assert client.get("/v2/models/tiny/versions/0").json() == model
    assert (model["name"], model["versions"]) == ("tiny", ["0"])
    assert model["inputs"] == [{"name": "images", "datatype": "UINT8", "shape": [-1, -1, -1, 3]}]
    assert {output["name"]: (output["datatype"], output["shape"]) for output in model["outputs"]} == {
        "pred_score": ("FP32", [-1]),
        "anomaly_map": ("FP32", [-1, 32, 32]),
        "p_value": ("FP64", [-1]),
        "verdict": ("BYTES", [-1]),
    }
    for path in ("/v2/models/tiny/ready", "/v2/models/tiny/versions/0/ready"):
        assert client.get(path).json() == {"ready": True}


def test_an_answer_says_what_inspect_says_and_is_recorded(client, images, tiny_model):
    asked = {"id": "lot7", "inputs": [tensor(*images)]}
    answer = client.post(INFER, json=asked)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["model_name"], told["model_version"], told["id"]) == ("tiny", "0", "lot7")
    outputs = {output["name"]: output for output in told["outputs"]}
    alone = [Inspector.load(tiny_model).inspect(image) for image in images]
    assert outputs["pred_score"]["data"] == [float(np.float32(each.score)) for each in alone]
    assert outputs["p_value"]["data"] == [each.p_value for each in alone]
    assert outputs["verdict"]["data"] == [each.verdict for each in alone] == ["OK", "NG"]
    maps = np.array(outputs["anomaly_map"]["data"], np.float32).reshape(outputs["anomaly_map"]["shape"])
    np.testing.assert_array_equal(maps, [each.graph_map for each in alone])
    records = client.get("/api/inspections").json()["inspections"]
    assert {record["path"]: record["score"] for record in records} == {
        "lot7-1": alone[0].score,
        "lot7-2": alone[1].score,
    }


def test_bytes_behind_the_json_are_the_same(client, images):
    batch = np.stack(images)
    told = client.post(INFER, json={"inputs": [tensor(*images)]}).json()
    about = {"name": "images", "datatype": "UINT8", "shape": list(batch.shape)}
    about["parameters"] = {"binary_data_size": batch.nbytes}
    wanted = [
        {"name": "pred_score", "parameters": {"binary_data": True}},
        {"name": "verdict", "parameters": {"binary_data": True}},
        {"name": "p_value"},
    ]
    head = json.dumps({"inputs": [about], "outputs": wanted}).encode()
    answer = client.post(
        "/v2/models/tiny/versions/0/infer",
        content=head + batch.tobytes(),
        headers={"Inference-Header-Content-Length": str(len(head))},
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/octet-stream"
    length = int(answer.headers["inference-header-content-length"])
    outputs = json.loads(answer.content[:length])["outputs"]
    assert [output["parameters"]["binary_data_size"] for output in outputs[:2]] == [8, 12]
    scores = np.frombuffer(answer.content[length : length + 8], "<f4").tolist()
    by_name = {output["name"]: output["data"] for output in told["outputs"]}
    assert scores == by_name["pred_score"]
    assert answer.content[length + 8 :] == b"\2\0\0\0OK\2\0\0\0NG"
    assert outputs[2]["data"] == by_name["p_value"]


def test_picture_files_are_taken_as_they_are(client, make_png):
    files = [make_png(), make_png(spot=True)]
    body = b"".join(struct.pack("<I", len(file)) + file for file in files)
    about = {
        "name": "images",
        "datatype": "BYTES",
        "shape": [2],
        "parameters": {"binary_data_size": len(body)},
    }
    head = json.dumps({"inputs": [about], "outputs": [{"name": "verdict"}]}).encode()
    answer = client.post(
        INFER, content=head + body, headers={"Inference-Header-Content-Length": str(len(head))}
    )
    assert answer.json()["outputs"][0]["data"] == ["OK", "NG"]


GOOD = {"name": "images", "datatype": "UINT8", "shape": [1, 1, 2, 3], "data": [0, 1, 2, 3, 4, 5]}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": "x"}, "give one, 'images'"),
        ({"datatype": "FP32"}, "UINT8"),
        ({"datatype": "BYTES"}, "behind the JSON"),
        ({"shape": [1, 2, 3]}, r"[N, H, W, 3]"),
        ({"shape": [1, 1, 2, 4]}, r"[N, H, W, 3]"),
        ({"shape": [0, 1, 2, 3]}, r"[N, H, W, 3]"),
        ({"shape": [1, 2, 2, 3]}, "1 × 2 × 2 × 3 whole numbers"),
        ({"data": [0, 1, 2, 3, 4, 256]}, "from 0 to 255"),
        ({"data": [0, 1, 2, 3, 4, 0.5]}, "from 0 to 255"),
        ({"data": ["a"] * 6}, "from 0 to 255"),
        ({"data": [[1], [1, 2]]}, "from 0 to 255"),
        ({"data": None}, "from 0 to 255"),
        ({"shape": [1000, 1, 2, 3]}, "more than 64 pictures"),
        ({"parameters": {"binary_data_size": 6}}, "not in the body"),
        ({"parameters": {"binary_data_size": True}}, "not in the body"),
    ],
)
def test_what_is_no_picture_is_a_sentence(client, changed, said):
    answer = client.post(INFER, json={"inputs": [GOOD | changed]})
    assert 400 <= answer.status_code < 500
    assert said in answer.json()["error"]
    assert client.get("/api/inspections").json()["inspections"] == []


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/v2/models/none/infer", 404, "there is no model none"),
        ("/v2/models/tiny/versions/3/infer", 404, "judges by version 0"),
    ],
)
def test_another_model_or_version_is_a_sentence(client, path, status, said):
    answer = client.post(path, json={"inputs": [GOOD]})
    assert (answer.status_code, said in answer.json()["error"]) == (status, True)
    assert client.get(path.removesuffix("/infer")).status_code == status
    assert client.get(path.replace("infer", "ready")).status_code == status


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (b"{", {}),
        (b"[]", {}),
        (b"{}", {"Inference-Header-Content-Length": "3"}),
        (b"{}", {"Inference-Header-Content-Length": "-1"}),
        (b"{}", {"Inference-Header-Content-Length": "x"}),
        (json.dumps({"inputs": [GOOD]}).encode() + b"more", {}),
        (json.dumps({"inputs": [GOOD], "outputs": [{"name": "x"}]}).encode(), {}),
        (json.dumps({"inputs": []}).encode(), {}),
        (b"\x1f\x8b", {"content-encoding": "gzip"}),
    ],
)
def test_what_is_no_request_is_a_sentence(client, content, headers):
    answer = client.post(INFER, content=content, headers=headers)
    assert 400 <= answer.status_code < 500
    assert answer.json()["error"]


def test_bytes_that_belong_to_no_input_are_refused(client):
    head = json.dumps({"inputs": [GOOD]}).encode()
    answer = client.post(
        INFER, content=head + b"more", headers={"Inference-Header-Content-Length": str(len(head))}
    )
    assert "belong to no input" in answer.json()["error"]


@pytest.mark.parametrize("body", [b"\5\0\0\0abc", b"\1\0\0\0a\0", b""])
def test_files_that_are_cut_short_are_refused(client, body):
    about = {
        "name": "images",
        "datatype": "BYTES",
        "shape": [1],
        "parameters": {"binary_data_size": len(body)},
    }
    head = json.dumps({"inputs": [about]}).encode()
    answer = client.post(
        INFER, content=head + body, headers={"Inference-Header-Content-Length": str(len(head))}
    )
    assert answer.status_code in (415, 422)


def test_only_life_is_shown_without_the_token(make_client, settings):
    import dataclasses

    client = make_client(dataclasses.replace(settings, token="a" * 32))
    assert client.get("/v2/health/live").status_code == 200
    for path in ("/v2", "/v2/health/ready", "/v2/models/tiny"):
        assert client.get(path).status_code == 401
    assert client.get("/v2", headers={"authorization": f"Bearer {'a' * 32}"}).status_code == 200
