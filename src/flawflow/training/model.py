"""Encoder, detector and head as one module: what is exported."""

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from flawflow.model_file.graph_outputs import EVIDENCE, WHOLE
from flawflow.model_file.memory import PATCH_FEATURES
from flawflow.training.detectors.detector import Detector
from flawflow.training.encoder import Encoder
from flawflow.training.feature_store import FeatureStore
from flawflow.training.head import Head, from_nearest, grid_of
from flawflow.training.moments import scale_moments
from flawflow.training.roi import nearest_inside, roi_cells


class InspectionModel(nn.Module):
    """From pictures to anomaly maps and scores.

    Args:
        encoder: The frozen encoder.
        detector: A fitted detector.
        head: What follows it.

    Attributes:
        patches: Gives what good patches are compared by (`flawflow.training.remember`); None where none
            are kept.
    """

    def __init__(self, encoder: Encoder, detector: Detector, head: Head) -> None:
        super().__init__()
        self.encoder = encoder
        self.detector = detector
        self.head = head
        self.patches: nn.Module | None = None
        self.requires_grad_(False).eval()

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of what `forward` gives."""
        evidence = (EVIDENCE,) if self.detector.gives_evidence else ()
        return (*WHOLE, *evidence, *(() if self.patches is None else (PATCH_FEATURES,)))

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Measure pictures.

        Args:
            images: (B, H, W, 3) uint8, RGB.

        Returns:
            anomaly_map: (B, H, W) float32; higher is more anomalous.
            pred_score: (B,) float32.
            whole_evidence: (B,) float32, what the picture as a whole adds to `pred_score`; of detectors that
                give any.
            patch_features: (B, windows, D) float32; where good patches are kept.
        """
        return self.measure_all(self.encoder(images))

    def measure(self, pyramid: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Maps and scores of pictures by their features: K maps (B, D_k, H_k, W_k), fine to coarse."""
        anomaly_map, score, *_ = self.measure_all(pyramid)
        return anomaly_map, score

    def measure_all(self, pyramid: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """All that `forward` gives, of pictures by their features."""
        anomaly_map, score = self.head(self.detector(pyramid))
        evidence = self.detector.evidence(pyramid)
        found = (anomaly_map, score) if evidence is None else (anomaly_map, score + evidence, evidence)
        return found if self.patches is None else (*found, self.patches(pyramid))


@torch.inference_mode()
def build_head(detector: Detector, store: FeatureStore, size: tuple[int, int], device: torch.device) -> Head:
    """Measure the distances of the plain training pictures and make the head from them."""
    by_position = detector.aggregation.by_position
    pyramids = store.plain_pyramids(device)
    # Where the maps count as they are, the first pictures tell their sizes, which is all that is needed.
    used = pyramids if by_position else itertools.islice(pyramids, 1)
    parts = [[distance.cpu() for distance in detector(pyramid)] for pyramid in used]
    distances = [torch.cat(scale) for scale in zip(*parts, strict=True)]
    roi_mask = store.roi_mask
    if roi_mask is not None:
        distances = [
            from_nearest(scale, nearest_inside(roi_cells(roi_mask, grid_of(scale)))) for scale in distances
        ]
    moments = scale_moments(distances, by_position=by_position)
    return Head(moments, size, detector.aggregation, roi_mask, detector.weights(len(moments)))
