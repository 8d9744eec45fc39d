"""DFR: what an autoencoder of features cannot reconstruct."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flawflow.progress import Progress
from flawflow.recipe.related_options import DfrOptions
from flawflow.training.detectors.gradient import descend, seeded
from flawflow.training.detectors.joined import JoinedDetector, drawn
from flawflow.training.detectors.principal import principal_components
from flawflow.training.feature_source import FeatureSource


class Dfr(JoinedDetector):
    """The squared error with which an autoencoder of 1 × 1 convolutions reconstructs each vector.

    Shi, Yang, Qi: "Unsupervised anomaly segmentation via deep feature reconstruction" (Neurocomputing 424,
    2021, https://arxiv.org/abs/2012.07122). Twelve maps of VGG-19, averaged over 4 × 4 windows, are joined;
    layers of D, (D + 2d)/2, 2d and d channels lead to the code and back, d being the number of principal
    components that keep 90 % of the variance.

    Differences: features are those of "padim-pooled", standardised; vectors of all pictures are mixed in a
    step, so that none needs batch normalisation; the score is the map's maximum.

    With `linear` the hidden layers are left out. The best linear autoencoder is known: the projection on the
    d principal components (Baldi and Hornik, 1989). So it is set and not learned, and the map is the energy
    outside of them.
    """

    name = "dfr"

    options: DfrOptions
    autoencoder: nn.Sequential

    def __init__(self, options: DfrOptions | None = None) -> None:
        super().__init__()
        self.options = options or DfrOptions()

    def learn(self, source: FeatureSource, vectors: Tensor) -> None:
        """Learn to reconstruct."""
        mean, components = principal_components(vectors, self.options.variance)
        source.on_progress(Progress("Principal components", 1, 1))
        if self.options.linear:
            self.autoencoder = linear_autoencoder(mean, components).to(source.device)
            return
        self.autoencoder = seeded(source.seed, lambda: autoencoder(*components.shape))

        def loss(generator: torch.Generator) -> Tensor:
            some = drawn(vectors, self.options.batch, generator)
            return F.mse_loss(self.autoencoder(some), some)

        descend(source, self.autoencoder, self.options, loss, name="autoencoder")

    def measure(self, vectors: Tensor) -> Tensor:
        """Measure the squared error of the reconstruction."""
        error: Tensor = (vectors - self.autoencoder(vectors)).square().sum(dim=2)
        return error


def autoencoder(dimension: int, code: int) -> nn.Sequential:
    """Layers of D, (D + 2d)/2, 2d, d channels and back, on the last axis."""
    widths = [dimension, (dimension + 2 * code) // 2, 2 * code, code]
    widths += widths[-2::-1]
    layers: list[nn.Module] = []
    for incoming, outgoing in pairwise(widths):
        layers += [nn.Linear(incoming, outgoing), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def linear_autoencoder(mean: Tensor, components: Tensor) -> nn.Sequential:
    """The projection on components (D, d) around a mean (D,)."""
    encoder, decoder = nn.Linear(*components.shape), nn.Linear(*components.shape[::-1])
    encoder.weight.data, encoder.bias.data = components.T.clone(), -mean @ components
    decoder.weight.data, decoder.bias.data = components.clone(), mean.clone()
    return nn.Sequential(encoder, decoder).requires_grad_(False)
