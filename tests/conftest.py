"""What several tests share: the real pictures and a seeded generator."""

import os
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real inspection pictures; a test that needs it is skipped where it is missing."""
    folder = Path(os.environ.get("FLAWFLOW_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not (folder / "SOURCES.md").is_file():
        pytest.skip(f"the real pictures are not at {folder} (set FLAWFLOW_DATA to their folder)")
    return folder


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20211)
