"""PatchCore: a memory of representative patches."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from flawflow.learn.detector.detector import Aggregation, Detector
from flawflow.learn.detector.joined import as_vectors, check_size, chosen_positions, join
from flawflow.learn.detector.neighbours import greedy_coreset, nearest_distance, random_projection
from flawflow.learn.source import Source


@dataclass(frozen=True, kw_only=True)
class PatchcoreOptions:
    """What PatchCore keeps.

    Attributes:
        share: Of all patches, how many the memory keeps.
        most: Vectors at most, whatever the share.
        projected: Channels in which the coreset is chosen.
    """

    share: float = 0.1
    most: int = 10_000
    projected: int = 128


class Patchcore(Detector):
    """The distance of each patch to the nearest one in a coreset of good patches.

    Roth, Pemula, Zepeda, Schölkopf, Brox, Gehler: "Towards Total Recall in Industrial Anomaly Detection"
    (CVPR 2022, https://arxiv.org/abs/2106.08265). Features of strides 8 and 16 are averaged over 3 × 3
    neighbours and joined at stride 8; the coreset is chosen greedily in a random projection; σ = 4.

    Differences: the memory ends at 10,000 vectors; channels stay as many as the encoder gives, where the
    paper pools each scale to 1,024; the score is the map's maximum, without the paper's reweighting by the
    neighbour's own neighbourhood, since one head scores all detectors.
    """

    name = "patchcore"
    aggregation = Aggregation(by_position=False, on_grid=False, smoothing=4.0, tail=0.0)

    memory: Tensor

    def __init__(self, options: PatchcoreOptions | None = None) -> None:
        super().__init__()
        self.options = options or PatchcoreOptions()

    def fit(self, source: Source) -> None:
        """Choose the coreset.

        Raises:
            TrainingError: The model would be larger than a model file can be.
        """
        inside = source.features.inside(0)
        vectors = torch.cat(
            [
                chosen_positions(_patches(pyramid), inside).flatten(0, 1)
                for pyramid in source.features.plain_pyramids(source.device)
            ]
        )
        count = min(self.options.most, max(1, round(self.options.share * len(vectors))))
        check_size((count, vectors.shape[1]), self.name)
        projected = random_projection(vectors, self.options.projected, seed=source.seed)
        chosen = greedy_coreset(projected, count, seed=source.seed, on_progress=source.on_progress)
        self.register_buffer("memory", vectors[chosen.to(vectors.device)].contiguous())

    def forward(self, pyramid: Sequence[Tensor]) -> list[Tensor]:
        """Measure each patch's distance to the memory: one map at the finest grid."""
        height, width = pyramid[0].shape[2:]
        return [nearest_distance(_patches(pyramid), self.memory).reshape(-1, height, width)]


def _patches(pyramid: Sequence[Tensor]) -> Tensor:
    """Locally averaged features at the finest grid, (B, H·W, D)."""
    height, width = pyramid[0].shape[2:]
    averaged = [F.avg_pool2d(features, 3, stride=1, padding=1) for features in pyramid]
    return as_vectors(join(averaged, (height, width), mode="bilinear"))
