"""Where in a picture its map is too high, or that no place explains its verdict."""

import numpy as np
from numpy.typing import NDArray

from flawflow.decision.calibration import Calibration, Verdict
from flawflow.decision.regions import Region, find_regions, highest_position
from flawflow.images import resize_map
from flawflow.model_file.card import Card


def regions_at(
    graph_map: NDArray[np.float32], size: tuple[int, int], card: Card, verdict: Verdict
) -> tuple[Region, ...]:
    """The regions of a picture at its own size.

    Args:
        graph_map: float32 of `card.size`; higher is more anomalous.
        size: (H, W) of the picture in pixels.
        card: Of the model.
        verdict: On the picture; one that is not OK has a region, whatever the map's threshold says.
    """
    threshold = card.calibration.pixel_threshold
    # Resizing never exceeds the largest value, so that this early end is exact, and it spares most
    # pictures, the good ones, the large map. The large map is let go here: whoever collects the
    # inspections of many pictures would collect them too.
    found = find_regions(resize_map(graph_map, size), threshold) if graph_map.max() > threshold else ()
    if verdict != "OK" and not found:
        # Score and map have thresholds of their own. A person who is asked to check needs to know where.
        return (highest_position(resize_map(graph_map, size), card.colormap_range[0]),)
    return found


def is_whole_image(calibration: Calibration, score: float, evidence: float | None) -> bool | None:
    """Whether a picture is `NG` or `REVIEW` by what the picture as a whole adds to its score.

    Args:
        calibration: Of the model.
        score: Of the picture.
        evidence: What the picture as a whole added to it; None where that is not known.

    Returns:
        Whether the score without it would be `OK` while the score is not; None where that is not known.
    """
    if evidence is None:
        return None
    return calibration.verdict(score) != "OK" and calibration.verdict(score - evidence) == "OK"
