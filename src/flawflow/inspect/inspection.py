"""What an inspection says about one picture."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flawflow.judge.calibration import Verdict
from flawflow.judge.regions import Region


@dataclass(frozen=True)
class Timings:
    """Wall time of each step in seconds.

    In `inspect_many` pictures are worked on side by side, so the sum over pictures exceeds the clock.

    Attributes:
        read: Reading and decoding the picture.
        prepare: Resizing it to the model's input.
        infer: Running the model.
        judge: Map to the picture's own size, regions, p-value and verdict.
    """

    read: float
    prepare: float
    infer: float
    judge: float

    @property
    def total(self) -> float:
        """The sum of all steps in seconds."""
        return self.read + self.prepare + self.infer + self.judge


@dataclass(frozen=True, eq=False)
class Inspection:
    """What the model says about one picture. It depends on the picture and the model alone.

    Attributes:
        path: The picture's file; None for a picture that was given as bytes, image or array.
        score: The image score; higher is more anomalous.
        p_value: Share of good pictures that score at least as high, in (0, 1], conformal.
        verdict: `OK`, or `NG` where the score is above the model's threshold.
        anomaly_map: float32 (H, W) at the picture's own size; higher is more anomalous.
        regions: Where the map is above the model's pixel threshold, by falling peak.
        timings: What each step took.
    """

    path: Path | None
    score: float
    p_value: float
    verdict: Verdict
    anomaly_map: NDArray[np.float32] = field(repr=False)
    regions: tuple[Region, ...]
    timings: Timings


@dataclass(frozen=True)
class Failure:
    """A picture that could not be inspected.

    Attributes:
        path: The picture's file; None for a picture that was given as bytes, image or array.
        error: One sentence that says why, and the way out.
    """

    path: Path | None
    error: str
