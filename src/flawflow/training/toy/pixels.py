"""A flow of pixels, which needs noise that flows of features do not: digits of 8 × 8 pixels."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from flawflow.recipe.options import CflowOptions
from flawflow.training.detectors.density import coupling_blocks
from flawflow.training.flows import (
    Bijection,
    Chain,
    Standardize,
    UniformDequantisation,
    VariationalDequantisation,
    Whiten,
)
from flawflow.training.flows.dequantise import Dequantisation
from flawflow.training.toy.figure import FINE, PANEL, lay_out

LEVELS, SIDE = 17, 8
_HELD_OUT, _DRAWS = 300, 16


@dataclass(frozen=True)
class PixelFlow:
    """A density of pixels: noise that makes them continuous, and the flow of what comes out.

    Attributes:
        name: What the noise is called.
        noise: The surjection.
        flow: The flow, of vectors of 64 channels in [0, 1).
        bits: Bits that it takes to say a pixel of held-out pictures, at most; log₂ 17 = 4.09 without a model.
    """

    name: str
    noise: Dequantisation
    flow: Chain
    bits: float


def learn_pixels(*, steps: int = 400, seed: int = 0) -> list[PixelFlow]:
    """Learn the digits of scikit-learn with even and with learned noise."""
    from sklearn.datasets import load_digits

    generator = torch.Generator().manual_seed(seed)
    x = torch.from_numpy(load_digits().data).float()
    x = x[torch.randperm(len(x), generator=generator)]
    kinds: dict[str, Dequantisation] = {
        "Even noise": UniformDequantisation(SIDE**2, LEVELS),
        "Learned noise": VariationalDequantisation(LEVELS, _noise(generator)),
    }
    train, held_out = x[_HELD_OUT:], x[:_HELD_OUT]
    return [_learn(name, noise, train, held_out, steps=steps, seed=seed) for name, noise in kinds.items()]


@torch.no_grad()
def draw_pixels(flows: list[PixelFlow], seed: int = 0) -> Image.Image:
    """Draw 64 digits that each flow makes up."""
    generator = torch.Generator().manual_seed(seed)
    panels = []
    for each in flows:
        z = each.flow.inverse(0.7 * torch.randn(64, SIDE**2, generator=generator))
        digits = each.noise.inverse(z).reshape(8, 8, SIDE, SIDE).transpose(1, 2).reshape(8 * SIDE, 8 * SIDE)
        grey = Image.fromarray((255 - digits * 255 / (LEVELS - 1)).byte().numpy().astype(np.uint8))
        picture = grey.resize((PANEL * FINE,) * 2, Image.Resampling.NEAREST).convert("RGB")
        panels.append((picture, each.name, f"{each.bits:.2f} bits a pixel of other pictures"))
    return lay_out(*panels, columns=2)


def _noise(generator: torch.Generator) -> Chain:
    # About as wide as a logistic, which the sigmoid spreads evenly: it begins as even noise, nearly.
    wide = Standardize(torch.zeros(SIDE**2), torch.full((SIDE**2,), 1 / 1.7))
    return Chain(wide, *_blocks(SIDE**2, 2, generator))


def _blocks(condition: int, blocks: int, generator: torch.Generator) -> list[Bijection]:
    options = CflowOptions(blocks=blocks, hidden=128, expansion=2, coupling="spline", mixing="permutation")
    return coupling_blocks(SIDE**2, condition, options, generator)


def _learn(
    name: str, noise: Dequantisation, train: Tensor, held_out: Tensor, *, steps: int, seed: int
) -> PixelFlow:
    generator = torch.Generator().manual_seed(seed + 1)
    with torch.no_grad():
        white = Whiten.from_data(noise(train, generator)[0], shrinkage=0.01)
    flow = Chain(white, *_blocks(0, 4, generator))
    parameters = [*flow.parameters(), *noise.parameters()]
    optimiser = torch.optim.Adam(parameters, lr=2e-3)
    for _ in range(steps):
        batch = train[torch.randint(len(train), (256,), generator=generator)]
        optimiser.zero_grad()
        (-noise.log_probability(flow, batch, generator).mean()).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
    with torch.no_grad():
        draws = [noise.log_probability(flow, held_out, generator).mean() for _ in range(_DRAWS)]
    return PixelFlow(name, noise, flow, -torch.stack(draws).mean().item() / (SIDE**2 * math.log(2)))
