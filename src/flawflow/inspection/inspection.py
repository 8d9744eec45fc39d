"""What an inspection says about one picture."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flawflow.decision.calibration import Verdict
from flawflow.decision.regions import Region
from flawflow.errors import ModelFileError
from flawflow.images import resize_map
from flawflow.images.statistics import ImageStatistics
from flawflow.inspection.explain import NO_MEMORY, Explanation

Explainer = Callable[[Sequence[Region], tuple[int, int]], tuple[Explanation, ...]]
"""Explains regions of a picture of a size; see `flawflow.inspection.explain.Explainer.explain`."""


@dataclass(frozen=True)
class Timings:
    """Wall time of each step in seconds.

    In `inspect_many` pictures are worked on side by side, so the sum over pictures exceeds the clock.

    Attributes:
        read: Reading and decoding the picture.
        prepare: Resizing it to the model's input.
        infer: Running the model.
        judge: p-value, verdict and regions; where there are any, the map at the picture's own size.
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

    The map is kept as the model gives it; its large form, 48 MB for 12 megapixels, comes into being
    when it is first asked for and stays as long as the inspection.

    Attributes:
        path: The picture's file; None for a picture that was given as bytes, image or array.
        score: The image score; higher is more anomalous.
        p_value: Share of good pictures that score at least as high, in (0, 1], conformal.
        verdict: `NG` or `REVIEW` where the score is above the model's threshold for it, else `OK`.
        size: (height, width) of the picture in pixels.
        graph_map: float32 anomaly map as the model gives it: at its own size, `card.size`, or at that of its
            tiles' map; higher is more anomalous.
        regions: Where `anomaly_map` is above the model's pixel threshold, by falling peak. Where that is
            nowhere, `NG` and `REVIEW` have one region all the same: the highest place of the map.
        timings: What each step took.
        statistics: How the picture was taken; None where the model has none of good pictures to compare with.
        whole_image: True where the picture as a whole, and no single place, makes it `NG` or `REVIEW`:
            without what the whole adds to the score it would be `OK`. Something is missing or too much then,
            and the regions are where it may be. None where the model cannot tell.
        explainer: What `explain` asks; None where the model keeps no good patches.
    """

    path: Path | None
    score: float
    p_value: float
    verdict: Verdict
    size: tuple[int, int]
    graph_map: NDArray[np.float32] = field(repr=False)
    regions: tuple[Region, ...]
    timings: Timings
    statistics: ImageStatistics | None = None
    whole_image: bool | None = None
    explainer: Explainer | None = field(default=None, repr=False)

    def explain(self) -> tuple[Explanation, ...]:
        """Show what good looks like around each region; see `Explanation`.

        Raises:
            ModelFileError: The model keeps no good patches, or those that it keeps are damaged.
        """
        if self.explainer is None:
            raise ModelFileError(NO_MEMORY)
        return self.explainer(self.regions, self.size)

    @cached_property
    def anomaly_map(self) -> NDArray[np.float32]:
        """The anomaly map at the picture's own size: float32 (H, W), read-only; higher is more anomalous."""
        return resize_map(self.graph_map, self.size)


@dataclass(frozen=True)
class Failure:
    """A picture that could not be inspected.

    Attributes:
        path: The picture's file; None for a picture that was given as bytes, image or array.
        error: One sentence that says why, and the way out.
    """

    path: Path | None
    error: str
