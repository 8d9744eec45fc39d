"""CutPaste: what tells good pictures from pasted ones is unlike that of good pictures."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flawflow.images import read_image, resize_image
from flawflow.progress import Progress
from flawflow.recipe.aggregation import BY_IMAGE, BY_PIXELS
from flawflow.recipe.related_options import CutPasteOptions
from flawflow.training.augment import view_generator
from flawflow.training.detectors.detector import Detector
from flawflow.training.detectors.feature_fusion import as_vectors, chosen_positions, fuse
from flawflow.training.detectors.gradient import descend, seeded
from flawflow.training.detectors.joined import drawn
from flawflow.training.detectors.mahalanobis import ledoit_wolf
from flawflow.training.feature_source import FeatureSource
from flawflow.training.pasting import cut_paste, scar

_PASTES = (cut_paste, scar)
# Vectors of one picture that the head sees at most.
_PLACES = 48
# What an encoder takes at once.
_PICTURES = 8


class CutPaste(Detector):
    """The Mahalanobis distance of the last layer of a head that tells good, pasted and scarred ones apart.

    Li, Sohn, Yoon, Pfister: "CutPaste: Self-Supervised Learning for Anomaly Detection and Localization"
    (CVPR 2021, https://arxiv.org/abs/2104.04015). A ResNet-18 learns the three classes from nothing, or is
    tuned; the density of its representation is a Gaussian; for places it learns from patches of 64 pixels.

    Differences: the encoder stays frozen and only a head of 1 × 1 convolutions learns, on pooled features of
    the picture or, with `places` ("cutpaste-places"), on those of each place joined at the finest grid, where
    those count as pasted that the paste covers most. It takes a minute and not hours; but frozen features
    tell pastes too easily, and little has to be learned.
    """

    name = "cutpaste"

    mean: Tensor
    deviation: Tensor
    centre: Tensor
    whitening: Tensor

    def __init__(self, options: CutPasteOptions | None = None) -> None:
        super().__init__()
        self.options = options or CutPasteOptions()
        self.aggregation = BY_PIXELS if self.options.places else BY_IMAGE
        self.layers: nn.Module = nn.Identity()

    def fit(self, source: FeatureSource) -> None:
        """Learn the three classes, then the Gaussian of good ones."""
        store, options = source.features, self.options
        good = torch.cat([self._vectors(pyramid) for pyramid in store.plain_pyramids(source.device)])
        good = chosen_positions(good, store.inside(0) if options.places else None).flatten(0, 1)
        deviation, mean = torch.std_mean(good, dim=0)
        self.register_buffer("mean", mean)
        self.register_buffer("deviation", deviation.clamp_min(1e-3 * float(deviation.mean()) + 1e-6))
        classes = [good, *self._pasted(source)]
        self.layers = seeded(source.seed, lambda: _layers(good.shape[1], options)).to(source.device)
        last = seeded(source.seed + 1, lambda: nn.Linear(options.density_channels, len(classes)))
        head = nn.ModuleList((self.layers, last))
        each = options.batch // len(classes)
        truth = torch.arange(len(classes), device=source.device).repeat_interleave(each)

        def loss(generator: torch.Generator) -> Tensor:
            vectors = torch.cat([drawn(kind, each, generator) for kind in classes])
            return F.cross_entropy(last(torch.relu(self._represented(vectors))), truth)

        descend(source, head, options, loss, name="classifier")
        represented = torch.cat([self._represented(part) for part in torch.split(good, 2**14)])
        inverse = torch.cholesky_inverse(torch.linalg.cholesky(ledoit_wolf(represented)))
        self.register_buffer("centre", represented.mean(dim=0))
        self.register_buffer("whitening", torch.linalg.cholesky(inverse).float())

    def forward(self, pyramid: Sequence[Tensor]) -> list[Tensor]:
        """Measure pictures by a map of one position, or places by one at the finest grid."""
        represented = self._represented(self._vectors(pyramid))
        distance = ((represented - self.centre) @ self.whitening).square().sum(dim=2).sqrt()
        return [distance.reshape(-1, *self._grid(pyramid))]

    def _grid(self, pyramid: Sequence[Tensor]) -> tuple[int, int]:
        height, width = pyramid[0].shape[2:]
        return (height, width) if self.options.places else (1, 1)

    def _vectors(self, pyramid: Sequence[Tensor]) -> Tensor:
        return as_vectors(fuse(pyramid, self._grid(pyramid), mode="bilinear"))

    def _represented(self, vectors: Tensor) -> Tensor:
        represented: Tensor = self.layers((vectors - self.mean) / self.deviation)
        return represented

    @torch.no_grad()
    def _pasted(self, source: FeatureSource) -> list[Tensor]:
        """Vectors of what is pasted: one tensor (N, D) for each kind of paste."""
        found: list[list[Tensor]] = [[] for _ in _PASTES]
        generator = torch.Generator().manual_seed(source.seed)
        paths = source.features.pictures
        for first in range(0, len(paths), _PICTURES):
            part = range(first, min(first + _PICTURES, len(paths)))
            for kind in range(len(_PASTES)):
                for shown, masks in self._made(source, part, kind):
                    pyramid = source.encoder(shown.to(source.device))
                    vectors = self._vectors(pyramid).flatten(0, 1)
                    covered = F.adaptive_avg_pool2d(masks[:, None], self._grid(pyramid)).flatten(1)
                    # A scar may be thinner than a place: at least half as covered as the most covered one.
                    most = covered.amax(dim=1, keepdim=True)
                    places = torch.nonzero(((2 * covered >= most) & (covered > 0)).flatten())[:, 0]
                    some = places[torch.randperm(len(places), generator=generator)[: _PLACES * len(shown)]]
                    found[kind].append(vectors[some.to(vectors.device)])
            source.on_progress(Progress("Pasted pictures", part.stop, len(paths)))
        return [torch.cat(kind) for kind in found]

    def _made(self, source: FeatureSource, numbers: range, kind: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches of pictures with a paste, (B, H, W, 3) uint8, and where it is, (B, H, W) float32."""
        paths = source.features.pictures
        pictures = [resize_image(read_image(paths[number]), source.size) for number in numbers]
        roi_mask = source.features.roi_mask
        if roi_mask is not None:
            # What does not count is pasted nowhere.
            pictures = [picture * roi_mask.numpy()[..., None] for picture in pictures]
        for view in range(self.options.pasted):
            made = [
                _PASTES[kind](picture, view_generator(source.seed, number, 2 * view + kind))
                for number, picture in zip(numbers, pictures, strict=True)
            ]
            shown, masks = (torch.from_numpy(np.stack(side)) for side in zip(*made, strict=True))
            yield shown, masks.float() if roi_mask is None else masks.float() * roi_mask


def _layers(dimension: int, options: CutPasteOptions) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(dimension, options.hidden), nn.ReLU(), nn.Linear(options.hidden, options.density_channels)
    )
