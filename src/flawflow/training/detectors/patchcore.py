"""PatchCore: a memory of representative patches."""

from collections.abc import Sequence

import torch
from torch import Tensor

from flawflow.recipe.aggregation import BY_PIXELS
from flawflow.recipe.baseline_options import PatchcoreOptions
from flawflow.training.detectors.detector import Detector
from flawflow.training.detectors.feature_fusion import check_size
from flawflow.training.detectors.joined import good_vectors
from flawflow.training.detectors.nearest_neighbors import greedy_coreset, nearest_distance, random_projection
from flawflow.training.detectors.patches import Patches
from flawflow.training.feature_source import FeatureSource


class Patchcore(Detector):
    """The distance of each patch to the nearest one in a coreset of good patches.

    Roth, Pemula, Zepeda, Schölkopf, Brox, Gehler: "Towards Total Recall in Industrial Anomaly Detection"
    (CVPR 2022, https://arxiv.org/abs/2106.08265). Features of strides 8 and 16 are averaged over 3 × 3
    neighbours and joined at stride 8; the coreset is chosen greedily in a random projection; σ = 4.

    Differences: the memory ends at 10,000 vectors; channels stay as many as the encoder gives, where the
    paper pools each scale to 1,024; the score is the map's maximum, without the paper's reweighting by the
    neighbour's own neighbourhood, since one head scores all detectors.

    The detector "knn" is this one without the choice of its memory (`NEAREST`): 8,000 random patches;
    channels are standardised, and averages at the map's edge count only the neighbours that there are.
    """

    name = "patchcore"
    aggregation = BY_PIXELS

    patches: Patches
    memory: Tensor

    def __init__(self, options: PatchcoreOptions | None = None) -> None:
        super().__init__()
        self.options = options or PatchcoreOptions()

    def fit(self, source: FeatureSource) -> None:
        """Choose the memory.

        Raises:
            TrainingError: The model would be larger than a model file can be.
        """
        self.patches = Patches.from_source(source, self.options)
        vectors = good_vectors(source, self.patches)
        count = min(self.options.most, max(1, round(self.options.share * len(vectors))))
        check_size((count, vectors.shape[1]), self.name)
        chosen = self._chosen(vectors, count, source)
        self.register_buffer("memory", vectors[chosen.to(vectors.device)].contiguous())

    def forward(self, pyramid: Sequence[Tensor]) -> list[Tensor]:
        """Measure each patch's distance to the memory: one map at the finest grid."""
        height, width = pyramid[0].shape[2:]
        return [nearest_distance(self.patches(pyramid), self.memory).reshape(-1, height, width)]

    def _chosen(self, vectors: Tensor, count: int, source: FeatureSource) -> Tensor:
        """Indices of the vectors to keep, (count,) int64."""
        if self.options.selection == "random":
            generator = torch.Generator().manual_seed(source.seed)
            return torch.randperm(len(vectors), generator=generator)[:count]
        projected = random_projection(vectors, self.options.projected, seed=source.seed)
        return greedy_coreset(projected, count, seed=source.seed, on_progress=source.on_progress)
