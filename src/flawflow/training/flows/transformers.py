"""Increasing maps of each channel by itself, whose parameters a conditioner answers.

Flows are products of two axes. A transformer of this file maps a channel, y_j = f(x_j; p_j); a conditioner
says what p_j may be computed from: `Coupling` from the other half, `Autoregressive` from the channels before.
NICE is coupling ∘ shift, RealNVP coupling ∘ affine, NSF coupling ∘ spline, Flow++ coupling ∘ mixture, MAF
autoregressive ∘ affine, NAF autoregressive ∘ monotone network.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from flawflow.training.flows.numeric import TOLERANCE, invert_increasing

CLAMP = 1.9
"""No channel is stretched by more than exp(1.9) or shrunk by more than exp(-1.9) in one block."""


class Transformer(ABC):
    """An increasing map of each channel by itself; with parameters of 0 it is the identity.

    Attributes:
        parameters: P, the number of parameters of a channel.
        tolerance: How exactly the inverse is found; see `Bijection.tolerance`.
    """

    parameters: int
    tolerance: float = 0.0

    @abstractmethod
    def forward(self, x: Tensor, p: Tensor) -> tuple[Tensor, Tensor]:
        """Map channels, (N, A), with their parameters, (N, P, A); gives y and log ∂y/∂x, (N, A) each."""

    def inverse(self, y: Tensor, p: Tensor) -> Tensor:
        """Find x with forward(x, p) = y, (N, A)."""
        return invert_increasing(lambda x: self.forward(x, p), y)


@dataclass(frozen=True)
class Shift(Transformer):
    """Shift: y = x + t. NICE (https://arxiv.org/abs/1410.8516); it keeps volumes."""

    parameters = 1

    def forward(self, x: Tensor, p: Tensor) -> tuple[Tensor, Tensor]:
        """As of `Transformer`."""
        return x + p[:, 0], torch.zeros_like(x)

    def inverse(self, y: Tensor, p: Tensor) -> Tensor:
        """As of `Transformer`."""
        return y - p[:, 0]


@dataclass(frozen=True)
class Affine(Transformer):
    """Scale and shift: y = x·exp(clamp·tanh(s)) + t.

    RealNVP (https://arxiv.org/abs/1605.08803), clamped as in CFLOW-AD (https://arxiv.org/abs/2107.12571).

    Attributes:
        clamp: The most that the logarithm of the scale can be.
    """

    clamp: float = CLAMP

    parameters = 2

    def forward(self, x: Tensor, p: Tensor) -> tuple[Tensor, Tensor]:
        """As of `Transformer`."""
        scale, shift = p.unbind(dim=1)
        log_scale = self.clamp * torch.tanh(scale)
        return torch.addcmul(shift, x, log_scale.exp()), log_scale

    def inverse(self, y: Tensor, p: Tensor) -> Tensor:
        """As of `Transformer`."""
        scale, shift = p.unbind(dim=1)
        return (y - shift) * (-self.clamp * torch.tanh(scale)).exp()


@dataclass(frozen=True)
class LogisticMixture(Transformer):
    """The CDF of a mixture of logistics, brought back to the line, then affine: Flow++.

    y = logit(Σ_k π_k·σ((x - μ_k)·exp(-s_k)))·exp(clamp·tanh(a)) + b (https://arxiv.org/abs/1902.00275).

    Attributes:
        components: K.
        clamp: As of `Affine`.
    """

    components: int = 8
    clamp: float = CLAMP

    tolerance = TOLERANCE

    @property
    def parameters(self) -> int:  # type: ignore[override]
        """The weights' logits, means and log-scales, then scale and shift."""
        return 3 * self.components + 2

    def forward(self, x: Tensor, p: Tensor) -> tuple[Tensor, Tensor]:
        """As of `Transformer`."""
        weights, means, log_scales = p[:, :-2].reshape(-1, 3, self.components, p.shape[2]).unbind(dim=1)
        means = means * unequal(self.components, x)
        y, log_slope = sigmoid_layer((x[:, None] - means) * (-log_scales).exp(), -log_scales, weights)
        y, change = Affine(self.clamp).forward(y, p[:, -2:])
        return y, log_slope + change


@dataclass(frozen=True)
class MonotoneNetwork(Transformer):
    """A network of one layer with positive weights, brought back to the line: NAF's deep sigmoidal flow.

    y = logit(Σ_k w_k·σ(a_k·x + b_k)) with w = softmax and a > 0 (https://arxiv.org/abs/1804.00779).

    Attributes:
        hidden: K, the units.
    """

    hidden: int = 8

    tolerance = TOLERANCE

    @property
    def parameters(self) -> int:  # type: ignore[override]
        """Slopes before their softplus, offsets and the weights' logits."""
        return 3 * self.hidden

    def forward(self, x: Tensor, p: Tensor) -> tuple[Tensor, Tensor]:
        """As of `Transformer`."""
        slopes, offsets, weights = p.reshape(-1, 3, self.hidden, p.shape[2]).unbind(dim=1)
        slopes = F.softplus(slopes + math.log(math.e - 1))
        return sigmoid_layer(slopes * x[:, None] + offsets * unequal(self.hidden, x), slopes.log(), weights)


def sigmoid_layer(z: Tensor, log_slopes: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Give logit(Σ_k w_k·σ(z_k)) with w = softmax(weights), and the logarithm of its slope.

    All is computed in logarithms: far out, σ rounds to 0 or 1.

    Args:
        z: (N, K, A), increasing in x.
        log_slopes: log ∂z/∂x, (N, K, A).
        weights: Logits, (N, K, A).

    Returns:
        Both (N, A).
    """
    log_weights = torch.log_softmax(weights, dim=1)
    log_below, log_above = -F.softplus(-z), -F.softplus(z)
    below = torch.logsumexp(log_weights + log_below, dim=1)
    above = torch.logsumexp(log_weights + log_above, dim=1)
    slope = torch.logsumexp(log_weights + log_below + log_above + log_slopes, dim=1)
    return below - above, slope - below - above


def unequal(count: int, like: Tensor) -> Tensor:
    """Factors around 1 for a layer's units, (count, 1): units that begin alike would stay alike."""
    return torch.linspace(0.5, 1.5, count, dtype=like.dtype, device=like.device)[:, None]
