"""Uninformed Students: where students of one teacher are wrong, or do not agree."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flawflow.recipe.aggregation import OF_STUDENTS
from flawflow.recipe.baseline_options import PatchOptions
from flawflow.recipe.related_options import StudentsOptions
from flawflow.training.detectors.detector import Detector
from flawflow.training.detectors.gradient import descend, seeded
from flawflow.training.detectors.patches import Patches
from flawflow.training.detectors.student import Student, drawn_pictures, without_pixels
from flawflow.training.feature_source import FeatureSource


class UninformedStudents(Detector):
    """The error of three students' mean, and how far they differ: the head standardises and adds both maps.

    Bergmann, Fauser, Sattlegger, Steger: "Uninformed Students: Student-Teacher Anomaly Detection with
    Discriminative Latent Embeddings" (CVPR 2020, https://arxiv.org/abs/1911.02357). Teachers of three sizes
    of patches are distilled from ResNet-18 on ImageNet; students regress their standardised descriptors on
    good pictures; regression error and predictive variance are standardised and added.

    Differences: the teacher is the frozen encoder, whose maps are joined and standardised channel by channel;
    there is one size of patches; students see the picture at strides and not densely.
    """

    name = "students"
    aggregation = OF_STUDENTS

    patches: Patches

    def __init__(self, options: StudentsOptions | None = None) -> None:
        super().__init__()
        self.options = options or StudentsOptions()
        self.students = nn.ModuleList()

    def fit(self, source: FeatureSource) -> None:
        """Let all students learn what the teacher says of good pictures, each from weights of its own."""
        options = self.options
        teacher = replace(source, store=without_pixels(source.features))
        described = PatchOptions(interpolation="bilinear", standardised=True)
        self.patches = Patches.from_source(teacher, described)
        channels, strides = (sum(source.encoder.channels[1:]),), source.encoder.strides[1:2]
        for number in range(options.students):
            own = source.seed + number * 1_000_003
            self.students.append(seeded(own, lambda: Student(channels, strides, options.width)))

        def loss(generator: torch.Generator) -> Tensor:
            pixels, *taught = drawn_pictures(source, options.batch, generator)
            wanted = self.patches(taught)
            return torch.stack([F.mse_loss(said, wanted) for said in self._said(pixels)]).sum()

        descend(source, self.students, options, loss, name="students")

    def forward(self, pyramid: Sequence[Tensor]) -> list[Tensor]:
        """Measure places: the maps of error and variance, at the finest grid of the encoder."""
        pixels, *taught = pyramid
        wanted, said = self.patches(taught), torch.stack(self._said(pixels))
        mean = said.mean(dim=0)
        error = (mean - wanted).square().mean(dim=2)
        variance = (said - mean).square().mean(dim=(0, 3))
        return [measured.reshape(-1, *taught[0].shape[2:]) for measured in (error, variance)]

    def _said(self, pixels: Tensor) -> list[Tensor]:
        """What each student says of every place, (B, H·W, D)."""
        return [student(pixels)[0].flatten(2).transpose(1, 2) for student in self.students]
