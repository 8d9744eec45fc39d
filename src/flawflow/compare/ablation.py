"""What each part of CFLOW is good for: one change at a time."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flawflow.compare.plan import Variant
from flawflow.errors import TrainingError
from flawflow.learn.detector import Cflow
from flawflow.learn.detector.options import FLOWS
from flawflow.learn.preset import PRESETS

# A row is left out where it is what the preset does anyway.
_FLOW: Mapping[str, Mapping[str, Any]] = {
    "position by its own statistics only": {"position_channels": 0},
    "position by the condition only": {"position_statistics": False},
    "2 blocks": {"blocks": 2},
    "3 blocks": {"blocks": 3},
    "4 blocks": {"blocks": 4},
    "8 blocks": {"blocks": 8},
    "wider subnets": {"hidden": 192, "expansion": 8},
    "halves swapped": {"mixing": "swap"},
    "hard permutation": {"mixing": "permutation"},
    "soft permutation (rotation)": {"mixing": "rotation"},
    "learned mixing (LU)": {"mixing": "lu"},
    "Glow (LU and actnorm)": FLOWS["glow"],
    "NICE (additive coupling)": FLOWS["nice"],
    "no noise": {"noise": 0.0, "joined_noise": 0.0},
    "no noise on joined scales": {"joined_noise": 0.0},
    "one covariance for all positions": {"rank": 0, "coarse_rank": 0},
    "joined scales alone": {"sharpening": 0.0, "coarse_weight": 0.0},
    "no sharpening": {"sharpening": 0.0},
    "no coarse scales in the score": {"coarse_weight": 0.0},
    "likelihoods (eq. 9) in place of distances": {"measure": "likelihood"},
}
_STRIDES = {"1 scale (8)": (8,), "2 scales (8, 16)": (8, 16), "3 scales (8, 16, 32)": (8, 16, 32)}
_AGGREGATION: Mapping[str, Mapping[str, Any]] = {
    "score: the map's maximum": {"tail": 0.0},
    "map smoothed by 4 pixels": {"smoothing": 4.0},
    "scales added and scored by pixels": {"on_grid": False},
    "scales added as they are": {"by_position": False},
}


def ablation(
    *, preset: str, size: tuple[int, int], encoders: Sequence[tuple[str, str | None]]
) -> list[Variant]:
    """The rows of the ablation: the preset as it is, then one change in each row (the paper's Table 2).

    Args:
        preset: A preset whose detector is `Cflow`.
        size: (H, W) that pictures are resized to.
        encoders: Names and weights; the first is that of all rows, each other one has a row.

    Raises:
        TrainingError: The preset has nothing that could be changed.
    """
    chosen = PRESETS.get(preset)
    detector = None if chosen is None else chosen.detector()
    if chosen is None or not isinstance(detector, Cflow):
        raise TrainingError(f"The preset {preset} cannot be varied; choose fast, balanced or accurate.")
    name, weights = encoders[0]
    common: dict[str, Any] = {"preset": preset, "size": size, "encoder": name, "weights": weights}
    rows = [
        Variant(label="CFLOW", **common),
        Variant(label="UFLOW: no position at all", **common | {"detector": "uflow"}),
    ]
    rows += [
        Variant(label=label, changes={"flow": dict(change)}, **common)
        for label, change in _different(_FLOW, detector.options)
    ]
    rows += [
        Variant(label=label, changes={"strides": list(strides)}, **common)
        for label, strides in _STRIDES.items()
        if strides != chosen.strides
    ]
    rows += [
        Variant(label=label, changes={"aggregation": dict(change)}, **common)
        for label, change in _different(_AGGREGATION, detector.aggregation)
    ]
    half = (size[0] // 2, size[1] // 2)
    rows.append(Variant(label=f"{half[0]} × {half[1]} pixels", **common | {"size": half}))
    rows += [
        Variant(label=f"encoder {other}", **common | {"encoder": other, "weights": file})
        for other, file in encoders[1:]
    ]
    return rows


def _different(
    changes: Mapping[str, Mapping[str, Any]], options: object
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for label, change in changes.items():
        if any(getattr(options, name) != value for name, value in change.items()):
            yield label, change
