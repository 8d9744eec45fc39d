"""Every family of flows on the two crescents: what each makes of them, and how likely it holds new ones."""

from collections.abc import Mapping
from typing import Any

import torch
from PIL import Image

from flawflow.recipe.options import FLOWS, CflowOptions
from flawflow.training.detectors.density import coupling_blocks
from flawflow.training.flows import Chain, Whiten, log_prob
from flawflow.training.toy.crescents import draw_good, true_log_density
from flawflow.training.toy.figure import PANEL, grid, heat, in_parts, lay_out
from flawflow.training.toy.learning import fit_flow

BLOCKS = 6
# A continuous flow is as deep as its solver takes steps.
_FEWER = {"ffjord": 2}


def learn_families(*, steps: int = 400, seed: int = 0) -> Mapping[str, Chain]:
    """Train a flow of each family on the same vectors, in as many steps."""
    return {name: _learn(name, steps, seed) for name in FLOWS}


def draw_families(flows: Mapping[str, Chain]) -> Image.Image:
    """Draw the density that each flow has learned, and its mean log-likelihood of new good vectors."""
    places = grid(PANEL)
    fresh = draw_good(5_000, torch.Generator().manual_seed(99))
    truth = in_parts(true_log_density, places)
    brightest = truth.exp().max().item()
    panels = [
        (heat(truth, brightest), "the density itself", f"{_mean(true_log_density(fresh))} nats a vector")
    ]
    for name, flow in flows.items():
        learned = in_parts(lambda x, flow=flow: log_prob(flow, x), places)  # type: ignore[misc]
        with torch.no_grad():
            note = (
                f"{_mean(log_prob(flow, fresh))} nats; {sum(p.numel() for p in flow.parameters()):,} weights"
            )
        panels.append((heat(learned, brightest), name, note))
    return lay_out(*panels, columns=5)


def _learn(name: str, steps: int, seed: int) -> Chain:
    generator = torch.Generator().manual_seed(seed)
    train = draw_good(10_000, generator)
    shape: dict[str, Any] = {
        "blocks": _FEWER.get(name, BLOCKS),
        "expansion": 32,
        "mixing": "rotation",
    } | dict(FLOWS[name])
    blocks = coupling_blocks(2, 0, CflowOptions(**shape), generator)
    return fit_flow(Chain(Whiten.from_data(train), *blocks), train, steps, generator).eval()


def _mean(log_likelihoods: torch.Tensor) -> str:
    return f"{log_likelihoods.mean().item():.3f}"
