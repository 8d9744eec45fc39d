"""What the tests of sources share."""

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient


@pytest.fixture
def found(client: TestClient) -> Callable[[], list[dict]]:
    """Give the inspections, the oldest first."""

    def run() -> list[dict]:
        return client.get("/api/inspections").json()["inspections"][::-1]

    return run
