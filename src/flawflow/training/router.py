"""What tells products apart is learned: the graph of their pictures' numbers, and those of good pictures."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from flawflow.errors import ImageError
from flawflow.images import read_image
from flawflow.inspection.parallel import in_order
from flawflow.inspection.routing import ROUTER_SIZE, ProductGaussian, Router
from flawflow.progress import OnProgress, Progress
from flawflow.recipe import Recipe
from flawflow.training.detectors.whole_image import PictureStatistics
from flawflow.training.encoder import Encoder, build_encoder
from flawflow.training.onnx_export import export_graph
from flawflow.training.split import split_good


class PictureNumbers(nn.Module):
    """Mean and deviation of each channel of the two coarsest scales over a picture."""

    outputs = ("numbers",)

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder = encoder
        grids = encoder.grids(ROUTER_SIZE)[-2:]
        places = [torch.full((height * width,), 1 / (height * width)) for height, width in grids]
        self.statistics = PictureStatistics(places, None)
        self.requires_grad_(False).eval()

    def forward(self, images: Tensor) -> Tensor:
        """From images (B, H, W, 3) uint8 of `ROUTER_SIZE` to (B, D)."""
        numbers: Tensor = self.statistics(self.encoder(images))
        return numbers


def router_graph(recipe: Recipe) -> bytes:
    """The graph of an encoder's numbers, serialised; the encoder is that of the recipe's models."""
    encoder = build_encoder(
        recipe.encoder,
        strides=recipe.strides,
        weights=recipe.weights,
        size=ROUTER_SIZE,
        seed=recipe.seed,
        reflect_padding=recipe.reflect_padding,
    )
    return export_graph(PictureNumbers(encoder), ROUTER_SIZE)


def fit_product(
    graph: bytes, paths: Sequence[Path], recipe: Recipe, on_progress: OnProgress
) -> ProductGaussian:
    """Learn what a product's good pictures look like as a whole; what cannot be read is left out.

    Args:
        graph: As of `router_graph`.
        paths: Good pictures, eight or more.
        recipe: Its seed says which 15 % are held out.
        on_progress: Called with each step of progress.
    """
    router = Router(graph, {})
    learned, held_out = split_good(paths, recipe.seed)
    done = 0

    def numbers(path: Path) -> NDArray[np.float64] | None:
        try:
            return router.numbers(read_image(path))
        except ImageError:
            return None

    parts = []
    for part in (learned, held_out):
        found = []
        for row in in_order(numbers, part):
            done += 1
            on_progress(Progress("Routing", done, len(paths)))
            found += [] if row is None else [row]
        parts.append(np.stack(found) if found else np.zeros((0, 0)))
    return ProductGaussian.fit(*parts)
