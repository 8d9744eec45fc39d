"""What the service says of itself is what it does: every operation, with generated requests."""

import contextlib
import dataclasses

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from flawflow.server.learning.draft import Intake
from flawflow.server.learning.drafts import Drafts

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
)


# What schemathesis calls this machine is no name that the station knows.
HOST = {"host": "127.0.0.1:8470"}
THERE = {"number": 1, "name": "tiny", "version": 0}
# Pictures come from there for ever, so that the draft cannot be removed before all is asked.
INTAKE = Intake(kind="stream", address="rtsp://127.0.0.1:9/none", most=9)


@pytest.fixture
def schema(make_client, settings, make_png):
    drafts = Drafts(settings)
    drafts.create("tiny")
    drafts.add("tiny", [("a.png", make_png())], intake=INTAKE)
    (picture,) = drafts.get("tiny").pictures
    THERE["picture"] = picture.id
    client = make_client(dataclasses.replace(settings, rate=1e6))
    for spot in (False, True):
        client.post("/api/inspect", files={"files": ("a.png", make_png(spot=spot))})
    found = schemathesis.openapi.from_asgi("/openapi.json", client.app, headers=HOST)
    # The stream of events has no end.
    return found.exclude(path="/api/events")


def check_all(schema, mode: GenerationMode) -> set[tuple[str, int]]:
    """Try every operation; gives (operation, status) of what was answered."""
    seen = set()
    for result in schema.get_all_operations():
        operation = result.ok()

        @settings(max_examples=8, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(generation_mode=mode))
        def check(case):
            if mode is GenerationMode.POSITIVE:
                # Generated names and numbers would hardly ever meet what is there.
                case.path_parameters.update({key: THERE[key] for key in case.path_parameters or {}})
            answer = case.call_and_validate(checks=CHECKS, headers=HOST)
            seen.add((case.operation.label, answer.status_code))

        # An operation without any parameter cannot be asked wrongly.
        with contextlib.suppress(Unsatisfiable):
            check()
    return seen


def test_every_operation_does_what_it_says(schema):
    seen = check_all(schema, GenerationMode.POSITIVE)
    operations = {label for label, _ in seen}
    fine = {label for label, status in seen if status < 300}
    # A generated mask is not a PNG of the picture's size, so that there is none to be had either.
    assert operations - fine == {
        "PUT /api/inspections/{number}/mask",
        "GET /api/inspections/{number}/mask",
        # The model keeps no good patches.
        "GET /api/inspections/{number}/explanation",
        # Nothing was reviewed, so that there are no data to train on or to compare with.
        "POST /api/datasets",
        "GET /api/models/{name}/compare",
        "POST /api/jobs",
        # No change of light is certain, so that there is nothing to adapt to.
        "POST /api/models/{name}/adaptation",
        "GET /api/jobs/{number}",
        "DELETE /api/jobs/{number}",
        # A generated address is below no allowed folder.
        "POST /api/sources",
        "DELETE /api/sources/{number}",
        # Neither a generated region nor a generated file is a picture, and nothing can be learned from one.
        "PUT /api/drafts/{name}/roi",
        "GET /api/drafts/{name}/roi",
        "POST /api/drafts/{name}/intake",
        "POST /api/drafts/{name}/learn",
        "GET /api/drafts/{name}/suspects/{picture}",
        "GET /api/drafts/{name}/model",
        "POST /api/drafts/{name}/rates",
        "POST /api/drafts/{name}/serve",
        "PUT /api/drafts/{name}/pictures",
        "DELETE /api/drafts/{name}",
        # Generated objects are no tensors.
        "POST /v2/models/{name}/infer",
        "POST /v2/models/{name}/versions/{version}/infer",
        # Nobody signs in, so that there is nobody to look after.
        "GET /api/users",
        "POST /api/users",
        "PUT /api/users/{name}",
        "PUT /api/me/password",
        "POST /api/tokens",
        "DELETE /api/tokens/{number}",
    }
    assert len(fine) > 20


def test_every_operation_refuses_as_it_says(schema):
    assert len(check_all(schema, GenerationMode.NEGATIVE)) > 15
