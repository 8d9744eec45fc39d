"""What the tests of the handshake share."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from flawflow.server.settings import Settings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "camera"
    folder.mkdir()
    return folder


@pytest.fixture
def shoot(folder: Path, make_png: Callable[..., bytes]) -> Callable[..., str]:
    """Put an image into the line's folder as a camera would, and give its name."""
    numbers = itertools.count(1)

    def run(*, spot: bool = False) -> str:
        name = f"{next(numbers):04d}.png"
        hidden = folder / f".{name}"
        hidden.write_bytes(make_png(spot=spot))
        hidden.rename(folder / name)
        return name

    return run


@pytest.fixture
def machine_settings(settings: Settings, folder: Path) -> Settings:
    return replace(settings, lines=(f"gears={folder}",), modbus="127.0.0.1:0", image_seconds=1.0)


@pytest.fixture
def machine(make_client: Callable[..., TestClient], machine_settings: Settings) -> TestClient:
    """A station with a line, by HTTP."""
    return make_client(machine_settings)


@pytest.fixture
def port(machine: TestClient) -> int:
    return machine.get("/api/machine").json()["ports"]["modbus"]
