"""What the service says of itself is what it does: every operation, with generated requests."""

import dataclasses

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
)


@pytest.fixture
def schema(make_client, settings, make_png):
    client = make_client(dataclasses.replace(settings, rate=1e6, port=0))
    for spot in (False, True):
        client.post("/api/inspect", files={"files": ("a.png", make_png(spot=spot))})
    found = schemathesis.openapi.from_asgi("/openapi.json", client.app)
    # The stream of events has no end.
    return found.exclude(path="/api/events")


lazy = schemathesis.pytest.from_fixture("schema")


@lazy.parametrize()
@settings(
    max_examples=10,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_operation_does_what_it_says(case):
    case.call_and_validate(checks=CHECKS)
