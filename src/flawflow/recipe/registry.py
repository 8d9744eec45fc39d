"""All detectors by name, and what each needs beside its own options; without torch.

A package of others adds a detector by an entry point of the group `flawflow.detectors`, whose name is the
detector's and which leads to a `DetectorKind`:

    [project.entry-points."flawflow.detectors"]
    nearest = "our_package.kinds:NEAREST"
"""

import importlib
import importlib.metadata
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from flawflow.errors import RecipeError
from flawflow.recipe.aggregation import (
    BY_IMAGE,
    BY_PIXELS,
    OF_CFLOW,
    OF_PAPER,
    OF_STFPM,
    OF_STUDENTS,
    PLAIN,
    Aggregation,
)
from flawflow.recipe.augmentation import LIT, MODERATE, Augmentation
from flawflow.recipe.baseline_options import (
    DIFFERNET,
    NEAREST,
    POOLED,
    NoOptions,
    PadimOptions,
    PaperOptions,
    PatchcoreOptions,
    SpadeOptions,
)
from flawflow.recipe.options import CflowOptions, Option
from flawflow.recipe.related_options import (
    CutPasteOptions,
    DfrOptions,
    FAnoGanOptions,
    NapoletanoOptions,
    PatchSvddOptions,
    StfpmOptions,
    StudentsOptions,
    VaeOptions,
)

if TYPE_CHECKING:
    from flawflow.training.detectors.detector import Detector

ENTRY_POINTS = "flawflow.detectors"


@dataclass(frozen=True, kw_only=True)
class DetectorKind:
    """A detector as recipes, `train` and `compare` know it.

    Attributes:
        home: Its class as "module:Class"; it is called with the options, and imported when it is to learn.
        options: Its options at their defaults: a frozen dataclass of numbers, strings, truth values, None
            and tuples of such.
        family: Detectors of one family keep each other's options when one takes the other's place in a
            recipe; empty for none.
        aggregation: What becomes of its maps; that of the class counts only where it is fitted by hand.
        strides: Input pixels per feature vector of each scale, fine to coarse, as in its paper; 1 for the
            picture itself.
        reflect_padding: Whether the encoder's convolutions mirror at the edge.
        augmentation: Makes further views of each picture.
        views: How many of them.
        localises: Whether its map tells places; otherwise it is constant.
        cross_fits: Whether few pictures are cross-fitted without being asked, which takes four trainings.
    """

    home: str
    options: Any = field(default_factory=NoOptions)
    family: str = ""
    aggregation: Aggregation = PLAIN
    strides: tuple[int, ...] = (4, 8, 16)
    reflect_padding: bool = False
    augmentation: Augmentation = MODERATE
    views: int = 0
    localises: bool = True
    cross_fits: bool = True

    def make(self, options: Mapping[str, Option]) -> "Detector":
        """Make an unfitted detector, with options that differ from the defaults."""
        module, _, name = self.home.partition(":")
        detector: Detector = getattr(importlib.import_module(module), name)(replace(self.options, **options))
        return detector

    def default_options(self) -> dict[str, Option]:
        """The options at their defaults, by name."""
        return asdict(self.options)


_HERE = "flawflow.training.detectors"
_CFLOW = f"{_HERE}.cflow:Cflow"
_PADIM = f"{_HERE}.padim:Padim"
_PATCHCORE = f"{_HERE}.patchcore:Patchcore"
_CUTPASTE = f"{_HERE}.cutpaste:CutPaste"

DETECTORS: Mapping[str, DetectorKind] = {
    "cflow": DetectorKind(
        home=_CFLOW,
        options=CflowOptions(),
        family="cflow",
        aggregation=OF_CFLOW,
        augmentation=LIT,
        views=1,
    ),
    "uflow": DetectorKind(
        home=_CFLOW,
        options=CflowOptions(position_channels=0, position_statistics=False),
        family="cflow",
        aggregation=OF_CFLOW,
        augmentation=LIT,
        views=1,
    ),
    "paper-cflow": DetectorKind(
        home=f"{_HERE}.paper_cflow:PaperCflow",
        options=PaperOptions(),
        aggregation=OF_PAPER,
        strides=(8, 16, 32),
        reflect_padding=True,
        cross_fits=False,
    ),
    "padim": DetectorKind(home=_PADIM, options=PadimOptions(), aggregation=BY_PIXELS),
    "padim-pooled": DetectorKind(home=_PADIM, options=POOLED, aggregation=BY_PIXELS, strides=(8, 16)),
    "patchcore": DetectorKind(
        home=_PATCHCORE, options=PatchcoreOptions(), aggregation=BY_PIXELS, strides=(8, 16)
    ),
    "knn": DetectorKind(home=_PATCHCORE, options=NEAREST, aggregation=BY_PIXELS, strides=(8, 16)),
    "spade": DetectorKind(home=f"{_HERE}.spade:Spade", options=SpadeOptions(), aggregation=BY_PIXELS),
    "mahalanobis": DetectorKind(
        home=f"{_HERE}.mahalanobis:Mahalanobis",
        aggregation=BY_IMAGE,
        strides=(8, 16, 32),
        localises=False,
    ),
    "differnet": DetectorKind(
        home=f"{_HERE}.differnet:Differnet",
        options=DIFFERNET,
        aggregation=BY_IMAGE,
        strides=(8, 16, 32),
        augmentation=Augmentation(degrees=5.0, brightness=0.05, contrast=0.05),
        views=4,
        localises=False,
    ),
    "napoletano": DetectorKind(
        home=f"{_HERE}.napoletano:Napoletano",
        options=NapoletanoOptions(),
        aggregation=BY_PIXELS,
        strides=(8, 16),
    ),
    "dfr": DetectorKind(
        home=f"{_HERE}.dfr:Dfr", options=DfrOptions(), aggregation=BY_PIXELS, strides=(8, 16)
    ),
    "stfpm": DetectorKind(
        home=f"{_HERE}.stfpm:Stfpm",
        options=StfpmOptions(),
        aggregation=OF_STFPM,
        strides=(1, 4, 8, 16),
        cross_fits=False,
    ),
    "students": DetectorKind(
        home=f"{_HERE}.students:UninformedStudents",
        options=StudentsOptions(),
        aggregation=OF_STUDENTS,
        strides=(1, 8, 16),
        cross_fits=False,
    ),
    "patch-svdd": DetectorKind(
        home=f"{_HERE}.patch_svdd:PatchSvdd",
        options=PatchSvddOptions(),
        aggregation=BY_PIXELS,
        strides=(8, 16),
    ),
    "cutpaste": DetectorKind(
        home=_CUTPASTE,
        options=CutPasteOptions(),
        aggregation=BY_IMAGE,
        strides=(8, 16, 32),
        localises=False,
    ),
    "cutpaste-places": DetectorKind(
        home=_CUTPASTE,
        options=CutPasteOptions(places=True),
        aggregation=BY_PIXELS,
        strides=(8, 16),
    ),
    # Of the encoder it needs nothing; the checks of the pictures do.
    "vae": DetectorKind(
        home=f"{_HERE}.vae:Vae",
        options=VaeOptions(),
        aggregation=BY_PIXELS,
        strides=(1, 16),
        cross_fits=False,
    ),
    "f-anogan": DetectorKind(
        home=f"{_HERE}.f_anogan:FAnoGan", options=FAnoGanOptions(), aggregation=BY_PIXELS, strides=(8, 16)
    ),
}
"""The detectors that come with flawflow; `detector_names` has those of others, too."""


@cache
def _registered() -> Mapping[str, importlib.metadata.EntryPoint]:
    return {point.name: point for point in importlib.metadata.entry_points(group=ENTRY_POINTS)}


def detector_names() -> tuple[str, ...]:
    """The names of all detectors; none of others is imported for it."""
    return (*DETECTORS, *sorted(_registered().keys() - DETECTORS.keys()))


def detector_kind(name: str) -> DetectorKind:
    """Find a detector by name.

    Raises:
        RecipeError: There is none, or what was registered under the name is none.
    """
    if name in DETECTORS:
        return DETECTORS[name]
    if name not in _registered():
        raise RecipeError(f"There is no detector {name!r}; choose one of {', '.join(detector_names())}.")
    point = _registered()[name]
    try:
        kind = point.load()
    except (ImportError, AttributeError) as error:
        raise RecipeError(f"The detector {name} cannot be loaded from {point.value}: {error}.") from error
    if not isinstance(kind, DetectorKind):
        raise RecipeError(f"{point.value} is not a DetectorKind: the detector {name} cannot be used.")
    return kind
