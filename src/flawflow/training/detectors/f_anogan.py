"""f-AnoGAN: what a generator of good features cannot generate."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.func import functional_call

from flawflow.recipe.related_options import FAnoGanOptions
from flawflow.training.detectors.gradient import descend, seeded
from flawflow.training.detectors.joined import JoinedDetector, drawn
from flawflow.training.feature_source import FeatureSource


class FAnoGan(JoinedDetector):
    """The residual ‖x - G(E(x))‖²/D + κ·‖f(x) - f(G(E(x)))‖²/F of each vector.

    Schlegl, Seeböck, Waldstein, Langs, Schmidt-Erfurth: "f-AnoGAN" (Medical Image Analysis 54, 2019,
    https://doi.org/10.1016/j.media.2019.01.010). A Wasserstein GAN with a gradient penalty learns good image
    patches; then an encoder E learns to find the code of a patch ("izi_f"); f is what the critic's last
    hidden layer sees.

    Differences: it generates feature vectors and not pictures of 64 × 64 pixels, with layers of 1 × 1
    convolutions: a GAN of pictures needs hours without a GPU, and its pictures lose what defects are small
    beside. Generator and critic take their steps together. AnoGAN itself, which searches the code of each
    picture by hundreds of gradient steps, is not here: no graph can do that.
    """

    name = "f-anogan"

    options: FAnoGanOptions
    generator: nn.Module
    critic: "_Critic"
    encoder: nn.Module

    def __init__(self, options: FAnoGanOptions | None = None) -> None:
        super().__init__()
        self.options = options or FAnoGanOptions()

    def learn(self, source: FeatureSource, vectors: Tensor) -> None:
        """Learn generator and critic, then the encoder."""
        options, dimension = self.options, vectors.shape[1]
        self.generator = seeded(source.seed, lambda: _layers(options.latent, options.hidden, dimension))
        self.critic = seeded(source.seed + 1, lambda: _Critic(dimension, options.hidden))
        self.encoder = seeded(
            source.seed + 2,
            lambda: nn.Sequential(_layers(dimension, options.hidden, options.latent), nn.Tanh()),
        )
        pair = nn.ModuleList((self.generator, self.critic))

        def play(generator: torch.Generator) -> Tensor:
            return self._play(drawn(vectors, options.batch, generator), generator)

        # At the encoder's rate the two sides of the game swing instead of settling.
        descend(source, pair, replace(options, peak_rate=options.peak_rate / 4), play, name="generator")

        def find(generator: torch.Generator) -> Tensor:
            return self.measure(drawn(vectors, options.batch, generator)[None]).mean()

        descend(source, self.encoder, options, find, name="encoder")

    def measure(self, vectors: Tensor) -> Tensor:
        """Measure the residual."""
        generated = self.generator(self.encoder(vectors))
        wanted, found = self.critic.features(vectors), self.critic.features(generated)
        residual: Tensor = (vectors - generated).square().mean(dim=2)
        unlike: Tensor = (wanted - found).square().mean(dim=2)
        return residual + self.options.feature_weight * unlike

    def _play(self, real: Tensor, generator: torch.Generator) -> Tensor:
        """The losses of both sides, each of which moves its own side alone."""
        code = 2 * torch.rand(len(real), self.options.latent, generator=generator, device=real.device) - 1
        fake = self.generator(code)
        share = torch.rand(len(real), 1, generator=generator, device=real.device)
        penalty = gradient_penalty(self.critic, torch.lerp(real, fake.detach(), share))
        of_critic = self.critic(fake.detach()).mean() - self.critic(real).mean()
        frozen = {name: value.detach() for name, value in self.critic.named_parameters()}
        of_generator: Tensor = -functional_call(self.critic, frozen, (fake,)).mean()
        total: Tensor = of_critic + self.options.penalty * penalty + of_generator
        return total


class _Critic(nn.Module):
    def __init__(self, dimension: int, hidden: int) -> None:
        super().__init__()
        self.features = nn.Sequential(_layers(dimension, hidden, hidden), nn.LeakyReLU(0.2))
        self.last = nn.Linear(hidden, 1)

    def forward(self, vectors: Tensor) -> Tensor:
        judged: Tensor = self.last(self.features(vectors))
        return judged


def gradient_penalty(critic: Callable[[Tensor], Tensor], vectors: Tensor) -> Tensor:
    """How far the critic's slope is from 1 (Gulrajani and others, 2017): E (‖∇‖ - 1)², ()."""
    asked = vectors.detach().requires_grad_()
    (slope,) = torch.autograd.grad(critic(asked).sum(), asked, create_graph=True)
    penalty: Tensor = (torch.linalg.vector_norm(slope, dim=1) - 1).square().mean()
    return penalty


def _layers(incoming: int, hidden: int, outgoing: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(incoming, hidden), nn.LeakyReLU(0.2), nn.Linear(hidden, hidden), nn.LeakyReLU(0.2),
        nn.Linear(hidden, outgoing),
    )  # fmt: skip
