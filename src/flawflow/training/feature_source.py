"""Where a detector learns from: good pictures, their features, and who wants to know of the progress."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import torch

from flawflow.progress import OnProgress, Progress, ignore_progress
from flawflow.recipe.augmentation import MODERATE, Augmentation
from flawflow.training.encoder import Encoder
from flawflow.training.extract import Room, Views, extract
from flawflow.training.feature_store import FeatureStore
from flawflow.training.unfinished_work import WorkFolder


@dataclass(frozen=True, kw_only=True)
class FeatureSource:
    """Good pictures to learn from.

    Attributes:
        encoder: The frozen encoder.
        pictures: Files of good pictures.
        size: (H, W) that pictures are resized to.
        seed: Of every random choice.
        device: Where to learn.
        work: Where unfinished work is kept.
        augmentation: Makes further views of each picture.
        views: How many of them.
        on_progress: Receives the progress.
        store: The features of all pictures, where they are known already.
    """

    encoder: Encoder
    pictures: tuple[Path, ...]
    size: tuple[int, int]
    seed: int
    device: torch.device
    work: WorkFolder
    augmentation: Augmentation = MODERATE
    views: int = 0
    on_progress: OnProgress = field(default=ignore_progress)
    store: FeatureStore | None = None

    @cached_property
    def features(self) -> FeatureStore:
        """The features of all pictures, computed at first use."""
        if self.store is not None:
            return self.store
        return extract(
            self.encoder,
            self.pictures,
            size=self.size,
            views=Views(self.augmentation, self.views, self.seed),
            device=self.device,
            room=Room(self.work.path / "features"),
            on_progress=lambda done, total: self.on_progress(Progress("Features", done, total)),
        )
