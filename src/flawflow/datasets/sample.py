"""What a dataset is: samples, each with its role."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from flawflow.datasets.mask_stack import read_frame
from flawflow.errors import DatasetError
from flawflow.images import read_mask
from flawflow.storage.paths import absolute, identity

GOOD = "good"
DEFECTIVE = "defective"
"""The type of a defect that has no name of its own."""

# Folders that hold good pictures of a part and say nothing about which part.
_ROLES = frozenset({"good", "ok", "normal", "train"})

Split = Literal["train", "test"]


@dataclass(frozen=True)
class Sample:
    """One picture and its role.

    Attributes:
        path: The picture file.
        split: What it is for: "train" or "test".
        is_defective: Whether the part has a defect.
        defect_type: The name of its kind of defect; "good" where it has none.
        mask_path: The file that marks the defect's pixels, None where there is none.
        mask_frame: Which of its masks, where the file is a `.npy` of all masks of a video.
        defect_masks: Files that mark the picture's defects one by one, where the data set has them so;
            `mask_path` is then None.
    """

    path: Path
    split: Split
    is_defective: bool
    defect_type: str
    mask_path: Path | None = None
    defect_masks: tuple[Path, ...] = ()
    mask_frame: int | None = None

    @property
    def mask_files(self) -> tuple[Path, ...]:
        """All files that mark its defects."""
        return self.defect_masks if self.mask_path is None else (self.mask_path,)

    def read_mask(self) -> NDArray[np.bool_] | None:
        """The defects' pixels, bool (H, W) at the mask's own size; None where there is no mask.

        Raises:
            ImageError: The file of a picture cannot be read.
            DatasetError: The file of a video's masks cannot be read.
        """
        if self.mask_path is not None and self.mask_frame is not None:
            return read_frame(self.mask_path, self.mask_frame)
        masks = [read_mask(path) for path in self.mask_files]
        return np.logical_or.reduce(masks) if masks else None


@dataclass(frozen=True)
class Saturation:
    """How much of a defect is enough to count as found entirely; MVTec LOCO AD states it by kind.

    Attributes:
        limit: The area, in pixels of the mask, or the share of the defect's area.
        is_relative: Whether it is the share.
    """

    limit: float
    is_relative: bool

    def share(self, area: int) -> float:
        """Which share of a defect of some area, in pixels, is enough, in (0, 1]."""
        return min(self.limit if self.is_relative else self.limit / area, 1.0)


@dataclass(frozen=True)
class Dataset:
    """The pictures of one part.

    Attributes:
        name: The part's name, as its folder is called.
        samples: All pictures.
        notes: Sentences about what was skipped in the search for them, and about masks that do not fit.
        saturations: By the level of `Sample.defect_masks`, where the data set states them.
        unlabelled: Test pictures whose truth its publisher keeps: of these, only maps can be handed in.
        scene_of: The data set that this is one scene of; empty where it is whole.

    Raises:
        DatasetError: There is no sample, or one file is for training and for testing at once.
    """

    name: str
    samples: tuple[Sample, ...]
    notes: tuple[str, ...] = ()
    saturations: Mapping[int, Saturation] = field(default_factory=dict)
    unlabelled: tuple[Path, ...] = ()
    scene_of: str = ""

    def __post_init__(self) -> None:
        if not self.samples:
            raise DatasetError(f"The dataset {self.name} holds no picture: check its path.")
        trained_on = {identity(sample.path) for sample in self.train}
        for sample in self.test:
            if identity(sample.path) in trained_on:
                raise DatasetError(
                    f"{sample.path} is for training and for testing at once: keep it in one of the two."
                )

    @property
    def train(self) -> tuple[Sample, ...]:
        """The good pictures to learn from."""
        return tuple(s for s in self.samples if s.split == "train" and not s.is_defective)

    @property
    def test(self) -> tuple[Sample, ...]:
        """The pictures to test with, good and defective."""
        return tuple(s for s in self.samples if s.split == "test")


def good_samples(paths: Iterable[Path], split: Split) -> list[Sample]:
    """Give good samples of one split."""
    return [Sample(path, split, False, GOOD) for path in paths]


def part_name(folder: Path) -> str:
    """Name a part after its folder, above folders such as `good` and `train` that only tell a role.

    >>> part_name(Path("/data/bottle/train/good"))
    'bottle'
    """
    # "." and ".." have no name; a link has its own.
    names = [name for name in absolute(folder).parts[1:] if name.casefold() not in _ROLES]
    return names[-1] if names else "pictures"
