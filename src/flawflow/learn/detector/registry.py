"""All detectors by name, and what each needs beside its own options."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from flawflow.learn.augment import Augmentation
from flawflow.learn.detector.cflow import Cflow
from flawflow.learn.detector.detector import Detector
from flawflow.learn.detector.differnet import Differnet
from flawflow.learn.detector.mahalanobis import Mahalanobis
from flawflow.learn.detector.options import CflowOptions
from flawflow.learn.detector.padim import Padim, PooledPadim
from flawflow.learn.detector.patchcore import Knn, Patchcore
from flawflow.learn.detector.spade import Spade


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A detector as `train` and `compare` know it.

    Attributes:
        make: Makes an unfitted detector; the preset's flow options count where it has flows of its size.
        strides: Input pixels per feature vector of each scale, as in its paper.
        localises: Whether its map tells places; otherwise it is constant.
        augmentation: Makes further views of each picture.
        views: How many of them.
    """

    make: Callable[[CflowOptions], Detector]
    strides: tuple[int, ...]
    localises: bool = True
    augmentation: Augmentation | None = None
    views: int = 0


class Uflow(Cflow):
    """CFLOW without the condition: one density for all positions, which knows none of them.

    The "UFLOW" of the ablation of Gudovskiy, Ishizaka, Kozuka: "CFLOW-AD" (WACV 2022,
    https://arxiv.org/abs/2107.12571).
    """

    name = "uflow"

    def __init__(self, options: CflowOptions | None = None) -> None:
        super().__init__(replace(options or CflowOptions(), position_channels=0, position_statistics=False))


DETECTORS: Mapping[str, Choice] = {
    "cflow": Choice(make=Cflow, strides=(4, 8, 16)),
    "uflow": Choice(make=Uflow, strides=(4, 8, 16)),
    "padim": Choice(make=lambda _: Padim(), strides=(4, 8, 16)),
    "padim-pooled": Choice(make=lambda _: PooledPadim(), strides=(8, 16)),
    "patchcore": Choice(make=lambda _: Patchcore(), strides=(8, 16)),
    "knn": Choice(make=lambda _: Knn(), strides=(8, 16)),
    "spade": Choice(make=lambda _: Spade(), strides=(4, 8, 16)),
    "mahalanobis": Choice(make=lambda _: Mahalanobis(), strides=(8, 16, 32), localises=False),
    "differnet": Choice(
        make=lambda _: Differnet(),
        strides=(8, 16, 32),
        localises=False,
        augmentation=Augmentation(degrees=5.0, brightness=0.05, contrast=0.05),
        views=4,
    ),
}
