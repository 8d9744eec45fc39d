"""What the tests of videos share."""

import numpy as np
import pytest


@pytest.fixture
def levels() -> list[np.ndarray]:
    """Twenty grey frames of 48 × 64 pixels, each brighter than the one before."""
    return [np.full((48, 64, 3), 10 + 10 * n, np.uint8) for n in range(20)]
