"""A variational autoencoder of pictures: where a picture is not as it would be drawn again."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flawflow.recipe.aggregation import BY_PIXELS
from flawflow.recipe.related_options import VaeOptions
from flawflow.training.detectors.detector import Detector
from flawflow.training.detectors.gradient import descend, seeded
from flawflow.training.detectors.student import drawn_pictures
from flawflow.training.feature_source import FeatureSource

_HALVINGS = 4


class Vae(Detector):
    """The squared error of each pixel's reconstruction from the code's mean.

    An, Cho: "Variational Autoencoder based Anomaly Detection using Reconstruction Probability" (2015), after
    Kingma, Welling (https://arxiv.org/abs/1312.6114); on pictures of products Bergmann and others compare its
    kind (IJCV 129, 2021). It has no use for the encoder, which is not in its model file.

    Differences: pictures of 128 × 128 pixels; the error of one reconstruction and not the mean probability of
    many: a graph draws no random numbers, and a score belongs to its picture.
    """

    name = "vae"
    aggregation = BY_PIXELS

    encoder: nn.Module
    decoder: nn.Module

    def __init__(self, options: VaeOptions | None = None) -> None:
        super().__init__()
        self.options = options or VaeOptions()

    def fit(self, source: FeatureSource) -> None:
        """Maximise the evidence's lower bound on good pictures."""
        options = self.options
        both = seeded(source.seed, lambda: nn.ModuleList((_encoder(options), _decoder(options))))
        self.encoder, self.decoder = both

        def loss(generator: torch.Generator) -> Tensor:
            pixels = self._resized(drawn_pictures(source, options.batch, generator)[0])
            mean, spread = self.encoder(pixels).chunk(2, dim=1)
            noise = torch.randn(mean.shape, generator=generator, device=mean.device)
            drawn = self.decoder(mean + (0.5 * spread).exp() * noise)
            divergence = 0.5 * (mean.square() + spread.exp() - 1 - spread).sum(dim=1).mean()
            # Unit variance of every pixel value: half a squared error is a likelihood in nats.
            evidence: Tensor = 0.5 * F.mse_loss(drawn, pixels) + options.beta * divergence / pixels[0].numel()
            return evidence

        descend(source, both, options, loss, name="autoencoder")

    def forward(self, pyramid: Sequence[Tensor]) -> list[Tensor]:
        """Measure pixels: one map of the pictures' smaller size."""
        pixels = self._resized(pyramid[0])
        mean = self.encoder(pixels)[:, : self.options.latent]
        return [(self.decoder(mean) - pixels).square().mean(dim=1)]

    def _resized(self, pixels: Tensor) -> Tensor:
        side = self.options.side
        return F.interpolate(pixels, size=(side, side), mode="bilinear", align_corners=False)


def _encoder(options: VaeOptions) -> nn.Sequential:
    layers: list[nn.Module] = []
    incoming = 3
    for n in range(_HALVINGS):
        outgoing = options.width * 2**n
        layers += [nn.Conv2d(incoming, outgoing, 4, 2, padding=1), nn.LeakyReLU(0.1)]
        incoming = outgoing
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(_flat(options), 2 * options.latent))


def _decoder(options: VaeOptions) -> nn.Sequential:
    side = options.side >> _HALVINGS
    incoming = options.width * 2 ** (_HALVINGS - 1)
    layers: list[nn.Module] = [
        nn.Linear(options.latent, _flat(options)),
        nn.LeakyReLU(0.1),
        nn.Unflatten(1, (incoming, side, side)),
    ]
    for n in reversed(range(_HALVINGS - 1)):
        outgoing = options.width * 2**n
        layers += [nn.ConvTranspose2d(incoming, outgoing, 4, 2, padding=1), nn.LeakyReLU(0.1)]
        incoming = outgoing
    return nn.Sequential(*layers, nn.ConvTranspose2d(incoming, 3, 4, 2, padding=1))


def _flat(options: VaeOptions) -> int:
    side = options.side >> _HALVINGS
    return (options.width << _HALVINGS - 1) * side * side
