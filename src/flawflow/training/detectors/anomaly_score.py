"""From the log-likelihood of a scale to an anomaly: without bound, or as eq. 9 has it."""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from flawflow.training.detectors.folded import FoldedFlow
from flawflow.training.detectors.position_standardizer import row_chunks
from flawflow.training.row_view import Rows, plain_rows


def measure_scales(scales: Iterable[nn.Module], pyramid: Sequence[Tensor]) -> list[Tensor]:
    """Measure each map (B, D_k, H_k, W_k) by its scale; gives maps (B, H_k, W_k)."""
    # Channels last in one step: an engine that keeps them blocked writes them out this way at no cost.
    return [
        scale(features.permute(0, 2, 3, 1).flatten(1, 2)).reshape(features.shape[0], *features.shape[2:])
        for scale, features in zip(scales, pyramid, strict=True)
    ]


@torch.inference_mode()
def _highest(flow: FoldedFlow, plain: Rows, device: torch.device, inside: Tensor | None) -> Tensor:
    found = (flow(rows.to(device)) for rows in row_chunks(plain))
    return torch.stack([log_p.max() if inside is None else log_p[:, inside].max() for log_p in found]).max()


def max_log_likelihood(
    flow: FoldedFlow, maps: Rows, *, views: int, device: torch.device, inside: Tensor | None = None
) -> Tensor:
    """The highest log-likelihood of training features, (rows, H·W, D), as a number without dimensions.

    Only the plain pictures count, one row in `views`: an augmented view may be likelier than any real one.
    Only the positions `inside` count, (P,) int64, where they are given.
    """
    # The copy is made outside of inference mode: what is registered in a module must be an ordinary tensor.
    return _highest(flow, plain_rows(maps, views), device, inside).clone()


class DistanceScale(nn.Module):
    """One scale, folded: the distance sqrt(1 + 2·(peak - log p̂)) of every vector.

    For a Gaussian density it is, but for the 1, the Mahalanobis distance (eq. 6); for any density it grows
    without bound as the likelihood falls, so that no two flaws are equally bad. `peak` is the highest
    log-likelihood of the training vectors. The 1 rounds off the root's corner there: its slope would be
    infinite, and the last bits of a likelihood, which differ between engines, would become a distance.
    """

    origin: Tensor

    def __init__(self, flow: FoldedFlow, peak: Tensor) -> None:
        super().__init__()
        self.flow = flow
        self.register_buffer("origin", (1 + 2 * (peak.double() - flow.constant)).float())

    def forward(self, vectors: Tensor) -> Tensor:
        """Measure vectors, (B, H·W, D) float32; gives (B, H·W), 1 or more."""
        return torch.sqrt((self.origin + self.flow.energy(vectors)).clamp_min(1.0))


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
