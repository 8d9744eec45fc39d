"""STFPM: where a student of the whole pyramid has not learned to see what its teacher sees."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from flawflow.recipe.aggregation import OF_STFPM
from flawflow.recipe.related_options import StfpmOptions
from flawflow.training.detectors.detector import Detector
from flawflow.training.detectors.feature_fusion import product
from flawflow.training.detectors.gradient import descend, seeded
from flawflow.training.detectors.student import Student, drawn_pictures
from flawflow.training.feature_source import FeatureSource


class Stfpm(Detector):
    """The product over scales of ½‖t̂ - ŝ‖², t̂ and ŝ the teacher's and the student's directions of a place.

    Wang, Han, Ding, Huang: "Student-Teacher Feature Pyramid Matching for Anomaly Detection" (BMVC 2021,
    https://arxiv.org/abs/2103.04257). Teacher and student are ResNet-18, the student from random weights;
    maps of three strides are normalised at each place; 100 epochs of SGD.

    Differences: the student is a smaller network of plain convolutions, whatever the encoder: those of the
    encoder that comes along are depthwise, and learn too slowly from nothing. It normalises groups of
    channels of one picture, not batches. Adam, and a few epochs. Maps are multiplied at the finest grid and
    not at pixels.
    """

    name = "stfpm"
    aggregation = OF_STFPM

    student: Student

    def __init__(self, options: StfpmOptions | None = None) -> None:
        super().__init__()
        self.options = options or StfpmOptions()

    def fit(self, source: FeatureSource) -> None:
        """Let the student imitate the encoder on good pictures."""
        channels, strides = source.encoder.channels[1:], source.encoder.strides[1:]
        student = seeded(source.seed, lambda: Student(channels, strides, self.options.width))

        def loss(generator: torch.Generator) -> Tensor:
            pixels, *taught = drawn_pictures(source, self.options.batch, generator)
            return torch.stack([d.mean() for d in distances(taught, student(pixels))]).sum()

        descend(source, student, self.options, loss, name="student")
        self.student = student

    def forward(self, pyramid: Sequence[Tensor]) -> list[Tensor]:
        """Measure places by the product of all scales: one map at the finest grid of the encoder."""
        pixels, *taught = pyramid
        return [product(distances(taught, self.student(pixels)))]


def distances(taught: Sequence[Tensor], learned: Sequence[Tensor]) -> list[Tensor]:
    """½‖t̂ - ŝ‖² of each place: from maps (B, D_k, H_k, W_k) to maps (B, H_k, W_k), each in [0, 2]."""
    return [
        0.5 * (F.normalize(t, dim=1) - F.normalize(s, dim=1)).square().sum(dim=1)
        for t, s in zip(taught, learned, strict=True)
    ]
