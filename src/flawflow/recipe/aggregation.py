"""How the maps of the scales become one anomaly map and one image score; without torch."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Aggregation:
    """How the maps of the scales become one anomaly map and one image score (`flawflow.training.head`).

    Attributes:
        by_position: Measure each position's distance against its own distances on good pictures
            (`flawflow.training.moments` says how far).
        on_grid: Add the scales and score the picture on the grid of the finest scale, and enlarge their sum;
            otherwise enlarge each scale to pixels, add and score there.
        smoothing: σ of the Gaussian that smooths the anomaly map, in input pixels; 0 for none.
        align_corners: Interpolate from corner to corner, as the reference does, and not area to area.
        tail: The image score is the mean of this share of the grid's values, the highest; 0 for the maximum.
    """

    by_position: bool = True
    on_grid: bool = True
    smoothing: float = 0.0
    align_corners: bool = False
    tail: float = 0.005


PLAIN = Aggregation()
"""For detectors that say nothing else."""

OF_CFLOW = Aggregation(smoothing=2.0, tail=0.0025)
"""What the default detector does."""

BY_PIXELS = Aggregation(by_position=False, on_grid=False, smoothing=4.0, tail=0.0)
"""What PaDiM, PatchCore and SPADE do: maps smoothed by σ = 4 pixels, scored by their maximum."""

BY_IMAGE = Aggregation(by_position=False, on_grid=False, tail=0.0)
"""For detectors of whole pictures, whose maps are constant."""

OF_PAPER = Aggregation(by_position=False, on_grid=False, align_corners=True, tail=0.0)
"""What CFLOW-AD's reference does."""

OF_STFPM = Aggregation(by_position=False, on_grid=False, tail=0.0)
"""What STFPM does: a map as it is, scored by its maximum."""

OF_STUDENTS = Aggregation(smoothing=4.0)
"""Of error and variance, each standardised on good pictures before they are added."""
