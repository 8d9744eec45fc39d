"""CFLOW-AD exactly as published: the reference's flow, loss, optimiser and schedule."""

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from flawflow.images import read_image, resize_image
from flawflow.progress import Progress
from flawflow.recipe.aggregation import OF_PAPER
from flawflow.recipe.augmentation import REFERENCE
from flawflow.recipe.baseline_options import PaperOptions
from flawflow.training.augment import random_view, view_generator
from flawflow.training.cuda_graph import adam, as_cuda_graph
from flawflow.training.detectors.anomaly_score import LikelihoodScale, max_log_likelihood, measure_scales
from flawflow.training.detectors.detector import Detector
from flawflow.training.detectors.folded import FoldedFlow
from flawflow.training.feature_source import FeatureSource
from flawflow.training.flows import Chain, cflow_decoder, logsigmoid_loss
from flawflow.training.position_encoding import sine_position
from flawflow.training.unfinished_work import pack, unpack

CONDITION_CHANNELS = 128
COUPLING_BLOCKS = 8
IMAGES_PER_BATCH = 32
VECTORS_PER_STEP = 256
RATE, LEAST_RATE, WARM_RATE = 2e-4, 2e-7, 2e-5
EPOCHS, PASSES_AN_EPOCH, WARM_EPOCHS = 25, 8, 2


class PaperCflow(Detector):
    """The reference recipe of CFLOW-AD (WACV 2022, arXiv 2107.12571).

    Each pass encodes every picture again, rotated by up to ±5°. Of a batch of 32 pictures, the vectors of a
    scale are mixed and taken in batches of 256, one step of Adam each, the coarsest scale first.
    """

    name = "paper-cflow"
    aggregation = OF_PAPER

    def __init__(self, options: PaperOptions | None = None) -> None:
        super().__init__()
        self.options = options or PaperOptions()
        self.scales = nn.ModuleList()

    def fit(self, source: FeatureSource) -> None:
        """Learn all scales, pass by pass."""
        # First of all: it tells which pictures can be read.
        store = source.features
        encoder = source.encoder.to(source.device)
        fitters = [
            ScaleFitter(
                dimension, grid, seed=source.seed * 16 + k, device=source.device, inside=store.inside(k)
            )
            for k, (dimension, grid) in enumerate(
                zip(encoder.channels, encoder.grids(source.size), strict=True)
            )
        ]
        for done in range(self._resume(source, fitters), self.options.passes):
            self._one_pass(source, fitters, done)
            # One file, so that no stop can leave scales of different passes behind.
            source.work.save("flows", _pack_all(fitters, done + 1))
        for k, (fitter, maps) in enumerate(zip(fitters, store.maps, strict=True)):
            folded = FoldedFlow(fitter.flow, fitter.condition).to(source.device)
            inside = store.inside(k)
            peak = max_log_likelihood(folded, maps, views=store.views, device=source.device, inside=inside)
            self.scales.append(LikelihoodScale(folded, peak, fitter.flow.dimension))

    def forward(self, pyramid: Sequence[Tensor]) -> list[Tensor]:
        """Measure the anomaly of every feature vector."""
        return measure_scales(self.scales, pyramid)

    def _resume(self, source: FeatureSource, fitters: Sequence["ScaleFitter"]) -> int:
        kept = source.work.load("flows")
        return 0 if kept is None else _unpack_all(fitters, kept)

    def _one_pass(self, source: FeatureSource, fitters: Sequence["ScaleFitter"], done: int) -> None:
        generator = torch.Generator().manual_seed(source.seed * 100003 + done)
        batches = math.ceil(len(source.features.pictures) / IMAGES_PER_BATCH)
        for number, pyramid in enumerate(pyramids(source, generator, done)):
            rate = learning_rate(done, number / batches)
            losses = [
                fitter.fit(features, rate, generator)
                for fitter, features in reversed(list(zip(fitters, pyramid, strict=True)))
            ]
            note = f"pass {done + 1}, loss {np.mean(losses):.4f}"
            total = self.options.passes * batches
            source.on_progress(Progress("Flows", done * batches + number + 1, total, note))


class ScaleFitter:
    """The flow of one scale and its optimiser; it learns from the positions `inside`, (P,) int64, or all."""

    def __init__(
        self,
        dimension: int,
        grid: tuple[int, int],
        *,
        seed: int,
        device: torch.device,
        inside: Tensor | None = None,
    ) -> None:
        self.inside = None if inside is None else inside.to(device)
        self.flow: Chain = cflow_decoder(
            dimension, CONDITION_CHANNELS, COUPLING_BLOCKS, generator=torch.Generator().manual_seed(seed)
        ).to(device)
        self.condition = sine_position(*grid, CONDITION_CHANNELS).flatten(1).T.contiguous().to(device)
        self.optimiser, self._rate = adam(self.flow, RATE, device)
        self._vectors = self._conditions = torch.empty(0)

    def fit(self, features: Tensor, rate: float, generator: torch.Generator) -> float:
        """Take one step for each full batch of 256 vectors of (B, D, H, W) features; gives the mean loss."""
        condition = self.condition
        if self.inside is not None:
            features, condition = features.flatten(2)[:, :, self.inside, None], condition[self.inside]
        batches = vector_batches(features, condition, generator)
        losses = [self.step(vectors, condition, rate) for vectors, condition in batches]
        return float(torch.stack(losses).mean())

    def step(self, vectors: Tensor, condition: Tensor, rate: float) -> Tensor:
        """Take one step of Adam on vectors (N, D) with their conditions (N, C); gives the loss before."""
        self._rate.fill_(rate)
        if len(self._vectors) != len(vectors):
            # A recorded step finds what it works on in its place.
            self._vectors, self._conditions = vectors.clone(), condition.clone()
            self._take_step = as_cuda_graph(self._step, vectors.device)
        self._vectors.copy_(vectors)
        self._conditions.copy_(condition)
        return self._take_step().clone()

    def _step(self) -> Tensor:
        loss = logsigmoid_loss(self.flow, self._vectors, self._conditions)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
        return loss.detach()


def vector_batches(
    features: Tensor, condition: Tensor, generator: torch.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """Mix the vectors of (B, D, H, W) features and give them in batches of 256 with their conditions."""
    vectors = features.flatten(2).transpose(1, 2).flatten(0, 1)
    order = torch.randperm(len(vectors), generator=generator).to(vectors.device)
    # As in the reference, what does not fill a batch is left to another pass; a small map still counts.
    size = min(VECTORS_PER_STEP, len(vectors))
    for start in range(0, len(vectors) - size + 1, size):
        chosen = order[start : start + size]
        yield vectors[chosen], condition[chosen % len(condition)]


def _pack_all(fitters: Sequence[ScaleFitter], done: int) -> dict[str, Tensor]:
    return {
        f"{k}/{name}": tensor
        for k, fitter in enumerate(fitters)
        for name, tensor in pack(fitter.flow, fitter.optimiser, done).items()
    }


def _unpack_all(fitters: Sequence[ScaleFitter], tensors: Mapping[str, Tensor]) -> int:
    done = 0
    for k, fitter in enumerate(fitters):
        own = {name.removeprefix(f"{k}/"): tensors[name] for name in tensors if name.startswith(f"{k}/")}
        done = unpack(fitter.flow, fitter.optimiser, own)
    return done


def learning_rate(done: int, share: float) -> float:
    """The reference's schedule.

    Args:
        done: Passes that are done.
        share: Share of the present pass that is done before the present batch, in [0, 1).
    """
    if done < WARM_EPOCHS * PASSES_AN_EPOCH:
        top = _cosine_rate(WARM_EPOCHS)
        return WARM_RATE + (top - WARM_RATE) * (done + share) / (WARM_EPOCHS * PASSES_AN_EPOCH)
    return _cosine_rate(done // PASSES_AN_EPOCH)


def _cosine_rate(epoch: int) -> float:
    return LEAST_RATE + (RATE - LEAST_RATE) * (1 + math.cos(math.pi * epoch / EPOCHS)) / 2


def pyramids(source: FeatureSource, generator: torch.Generator, done: int) -> Iterator[list[Tensor]]:
    """The features of all pictures in random order, 32 at a time, each turned by up to ±5°.

    Args:
        source: The pictures.
        generator: Of the order.
        done: Passes that are done; each rotates the pictures again.

    Yields:
        K maps (B, D_k, H_k, W_k) float32, fine to coarse.
    """
    readable = source.features.pictures
    order = torch.randperm(len(readable), generator=generator).tolist()
    for start in range(0, len(order), IMAGES_PER_BATCH):
        pictures = []
        for index in order[start : start + IMAGES_PER_BATCH]:
            plain = resize_image(read_image(readable[index]), source.size)
            pictures.append(random_view(plain, REFERENCE, view_generator(source.seed, index, done + 1)))
        with torch.inference_mode():
            maps = source.encoder(torch.from_numpy(np.stack(pictures)).to(source.device))
        # Tensors made in inference mode cannot be saved for a gradient.
        yield [features.clone() for features in maps]
