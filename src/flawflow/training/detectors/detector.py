"""The contract of every detector: learn from a source of pyramids, then map any pyramid to distances."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from flawflow.recipe.aggregation import Aggregation
from flawflow.training.feature_source import FeatureSource

__all__ = ["Aggregation", "Detector", "Weights"]


@dataclass(frozen=True)
class Weights:
    """How much each map counts, once it is measured against good pictures.

    Attributes:
        in_map: In the anomaly map, Σ_k w_k·m_k.
        in_score: In the sum that the picture's score is read off.
        sharpening: In f = Σ_k u_k·m_k, which sharpens the anomaly map (`flawflow.training.head.sharpened`): a
            scale that is fine but unsure tells where exactly a defect is, and not whether there is one. All
            zeros leave the map as it is.
        strength: How much sharpening counts.
    """

    in_map: tuple[float, ...]
    in_score: tuple[float, ...]
    sharpening: tuple[float, ...]
    strength: float = 0.0

    @classmethod
    def alike(cls, count: int) -> "Weights":
        """All maps alike, and nothing sharpened."""
        return cls((1.0,) * count, (1.0,) * count, (0.0,) * count)


class Detector(nn.Module, ABC):
    """Learns from the features of good pictures and measures how far others are from them.

    `fit` sets everything that `forward` needs, from good training pictures only. `forward` treats every
    picture for itself, and can be exported.

    Attributes:
        name: What the model card says.
        options: What shapes it, a frozen dataclass of JSON values; `registry` names it, too.
        aggregation: What becomes of the maps.
        gives_evidence: Whether, once fitted, `evidence` gives any.
    """

    name: str
    options: Any
    aggregation: Aggregation
    gives_evidence: bool = False

    def weights(self, count: int) -> Weights:
        """How much each of `count` maps counts, and where."""
        return Weights.alike(count)

    def evidence(self, pyramid: Sequence[Tensor]) -> Tensor | None:  # noqa: ARG002
        """What the picture as a whole adds to its score, (B,), or None for nothing.

        Args:
            pyramid: As for `forward`.
        """
        return None

    @abstractmethod
    def fit(self, source: FeatureSource) -> None:
        """Learn from good pictures.

        Args:
            source: The pictures and their features.
        """

    @abstractmethod
    def forward(self, pyramid: Sequence[Tensor]) -> list[Tensor]:
        """Measure the anomaly of every feature vector.

        Args:
            pyramid: K maps (B, D_k, H_k, W_k) float32, fine to coarse.

        Returns:
            K maps (B, H_k, W_k) float32; higher is more anomalous.
        """
