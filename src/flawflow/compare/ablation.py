"""What each part of CFLOW is good for: one change at a time."""

from collections.abc import Mapping, Sequence
from typing import Any

from flawflow.compare.plan import Variant
from flawflow.errors import TrainingError
from flawflow.recipe import Recipe

_CHANGES: Mapping[str, Mapping[str, Any]] = {
    "position by its own statistics only": {"detector.position_channels": 0},
    "position by the condition only": {"detector.position_statistics": False},
    "2 blocks": {"detector.blocks": 2},
    "3 blocks": {"detector.blocks": 3},
    "4 blocks": {"detector.blocks": 4},
    "8 blocks": {"detector.blocks": 8},
    "wider subnets": {"detector.hidden": 192, "detector.expansion": 8},
    "halves swapped": {"detector.mixing": "swap"},
    "hard permutation": {"detector.mixing": "permutation"},
    "soft permutation (rotation)": {"detector.mixing": "rotation"},
    "learned mixing (LU)": {"detector.mixing": "lu"},
    "Glow (LU and actnorm)": {"detector.flow": "glow"},
    "NICE (additive coupling)": {"detector.flow": "nice"},
    "NSF (spline coupling)": {"detector.flow": "nsf"},
    "Flow++ (coupling by a mixture's CDF)": {"detector.flow": "flow++"},
    "MAF (autoregressive, affine)": {"detector.flow": "maf"},
    "NAF (autoregressive, monotone network)": {"detector.flow": "naf"},
    "i-ResNet (residual blocks)": {"detector.flow": "i-resnet"},
    "FFJORD (continuous)": {"detector.flow": "ffjord"},
    "no noise": {"detector.noise": 0.0, "detector.joined_noise": 0.0},
    "no noise on joined scales": {"detector.joined_noise": 0.0},
    "one covariance for all positions": {"detector.rank": 0, "detector.coarse_rank": 0},
    "joined scales alone": {
        "detector.sharpening": 0.0,
        "detector.coarse_weight": 0.0,
        "detector.whole_weight": 0.0,
    },
    "no sharpening": {"detector.sharpening": 0.0},
    "places alone": {"detector.whole_weight": 0.0},
    "no coarse scales in the score": {"detector.coarse_weight": 0.0},
    "likelihoods (eq. 9) in place of distances": {"detector.measure": "likelihood"},
    "1 scale (8)": {"strides": (8,)},
    "2 scales (8, 16)": {"strides": (8, 16)},
    "3 scales (8, 16, 32)": {"strides": (8, 16, 32)},
    "score: the map's maximum": {"aggregation.tail": 0.0},
    "map smoothed by 4 pixels": {"aggregation.smoothing": 4.0},
    "scales added and scored by pixels": {"aggregation.on_grid": False},
    "scales added as they are": {"aggregation.by_position": False},
}


def ablation(recipe: Recipe, encoders: Sequence[tuple[str, str | None]]) -> list[Variant]:
    """The rows of the ablation: the recipe as it is, then one change in each row (the paper's Table 2).

    Args:
        recipe: One whose detector is cflow.
        encoders: Names and weights; the first is that of all rows, each other one has a row.

    Raises:
        TrainingError: The recipe has nothing that could be changed.
    """
    if recipe.detector.name != "cflow":
        raise TrainingError(
            f"The preset {recipe.preset} cannot be varied; choose fast, balanced or accurate, and no other "
            "detector than cflow."
        )
    first, *others = ({"encoder": name, "weights": weights} for name, weights in encoders)
    base = recipe.replace(first)
    height, width = (length // 2 for length in base.shape)
    # A side stays one: whatever the pictures' proportions are.
    half = base.size // 2 if isinstance(base.size, int) else (height, width)
    changes: dict[str, Mapping[str, Any]] = {
        "CFLOW": {},
        "UFLOW: no position at all": {"detector": "uflow"},
        **_CHANGES,
        f"{height} × {width} pixels": {"size": half},
        **{f"encoder {other['encoder']}": other for other in others},
    }
    varied = {label: base.replace(change) for label, change in changes.items()}
    # A row is left out where it is what the recipe does anyway.
    return [
        Variant(label=label, recipe=changed)
        for label, changed in varied.items()
        if label == "CFLOW" or changed != base
    ]
