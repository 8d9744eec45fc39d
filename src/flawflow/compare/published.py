"""What papers publish, by their own encoders: it stands beside what was measured, marked as theirs."""

from collections.abc import Mapping
from dataclasses import dataclass

Figures = tuple[float | None, float | None, float | None]
"""Image AUROC, pixel AUROC and AUPRO, in percent; None where nothing is known."""


@dataclass(frozen=True)
class Published:
    """Figures of one system.

    Attributes:
        system: Its name and where the figures are from.
        encoder: Its backbone.
        figures: By category of MVTec AD.
    """

    system: str
    encoder: str
    figures: Mapping[str, Figures]


_CFLOW: Mapping[str, Figures] = {
    "bottle": (100, 98.98, 96.80), "cable": (97.59, 97.64, 93.53), "capsule": (97.68, 98.98, 93.40),
    "carpet": (98.73, 99.25, 97.70), "grid": (99.60, 98.99, 96.08), "hazelnut": (99.98, 98.89, 96.68),
    "leather": (100, 99.66, 99.35), "metal_nut": (99.26, 98.56, 91.65), "pill": (96.82, 98.95, 95.39),
    "screw": (91.89, 98.86, 95.30), "tile": (99.88, 98.01, 94.34), "toothbrush": (99.65, 98.93, 95.06),
    "transistor": (95.21, 97.99, 81.40), "wood": (99.12, 96.65, 95.79), "zipper": (98.48, 99.08, 96.60),
}  # fmt: skip

PUBLISHED = (
    Published("CFLOW-AD (its paper)", "wide_resnet50_2", _CFLOW),
    Published(
        "CFLOW-AD (its paper)", "resnet18", {"bottle": (100, 98.64, None), "grid": (98.97, 98.53, None)}
    ),
    Published(
        "SPADE (CFLOW-AD's paper)",
        "wide_resnet50_2",
        {"bottle": (None, 98.4, 95.5), "grid": (None, 93.7, 86.7)},
    ),
    Published(
        "PaDiM (CFLOW-AD's paper)",
        "wide_resnet50_2",
        {"bottle": (None, 98.3, 94.8), "grid": (None, 97.3, 94.6)},
    ),
)
