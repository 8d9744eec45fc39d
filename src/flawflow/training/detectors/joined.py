"""What detectors share that measure each joined feature vector by itself: only how they do so differs."""

from abc import abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from flawflow.recipe.aggregation import BY_PIXELS
from flawflow.recipe.related_options import JoinedOptions
from flawflow.training.detectors.detector import Detector
from flawflow.training.detectors.feature_fusion import chosen_positions
from flawflow.training.detectors.patches import Patches
from flawflow.training.feature_source import FeatureSource


class JoinedDetector(Detector):
    """Measures vectors of the joined pyramid; maps and scores are made as for PaDiM and PatchCore."""

    aggregation = BY_PIXELS

    patches: Patches
    options: JoinedOptions

    def fit(self, source: FeatureSource) -> None:
        """Learn from the vectors of all good patches."""
        self.patches = Patches.from_source(source, self.options)
        self.learn(source, good_vectors(source, self.patches))

    def forward(self, pyramid: Sequence[Tensor]) -> list[Tensor]:
        """Measure each patch: one map at the finest grid."""
        height, width = pyramid[0].shape[2:]
        return [self.measure(self.patches(pyramid)).reshape(-1, height, width)]

    @abstractmethod
    def learn(self, source: FeatureSource, vectors: Tensor) -> None:
        """Learn from vectors, (N, D) float32, on the source's device."""

    @abstractmethod
    def measure(self, vectors: Tensor) -> Tensor:
        """Measure vectors (B, H·W, D); gives (B, H·W), higher is more anomalous."""


def good_vectors(source: FeatureSource, patches: Patches) -> Tensor:
    """The vectors of the plain pictures at all positions that count, (N, D)."""
    inside = source.features.inside(0)
    return torch.cat(
        [
            chosen_positions(patches(pyramid), inside).flatten(0, 1)
            for pyramid in source.features.plain_pyramids(source.device)
        ]
    )


def drawn(vectors: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Some of the vectors (N, D), drawn at random, (count, D)."""
    return vectors[torch.randint(len(vectors), (count,), generator=generator, device=vectors.device)]
