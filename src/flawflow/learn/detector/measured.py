"""From the log-likelihood of a scale to an anomaly: without bound, or as eq. 9 has it."""

import torch
from torch import Tensor, nn

from flawflow.learn.detector.folded import FoldedFlow


class DistanceScale(nn.Module):
    """One scale, folded: the distance sqrt(1 + 2·(peak - log p̂)) of every vector.

    For a Gaussian density it is, but for the 1, the Mahalanobis distance (eq. 6); for any density it grows
    without bound as the likelihood falls, so that no two flaws are equally bad. `peak` is the highest
    log-likelihood of the training vectors. The 1 rounds off the root's corner there: its slope would be
    infinite, and the last bits of a likelihood, which differ between engines, would become a distance.
    """

    peak: Tensor

    def __init__(self, flow: FoldedFlow, peak: Tensor) -> None:
        super().__init__()
        self.flow = flow
        self.register_buffer("peak", peak)

    def forward(self, vectors: Tensor) -> Tensor:
        """Measure vectors, (B, H·W, D) float32; gives (B, H·W), 1 or more."""
        return torch.sqrt(1 + 2 * torch.relu(self.peak - self.flow(vectors)))


class LikelihoodScale(nn.Module):
    """One scale, folded: 1 - exp((log p̂ - peak)/D), in [0, 1): what eq. 9 adds up, as an anomaly.

    The reference divides the log-likelihood by D before it exponentiates. `peak` is the highest
    log-likelihood of the training vectors, and not, as there, of the test set.
    """

    peak: Tensor

    def __init__(self, flow: FoldedFlow, peak: Tensor, dimension: int) -> None:
        super().__init__()
        self.flow = flow
        self.dimension = dimension
        self.register_buffer("peak", peak)

    def forward(self, vectors: Tensor) -> Tensor:
        """Measure vectors, (B, H·W, D) float32; gives (B, H·W)."""
        excess = -torch.relu(self.peak - self.flow(vectors)) / self.dimension
        return 1 - torch.exp(excess)
