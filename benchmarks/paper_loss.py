"""The loss of preset `paper` beside that of FrEIA's blocks, step by step: the same recipe learns the same.

Run with `python benchmarks/paper_loss.py FOLDER`, a folder of good pictures; needs FrEIA 0.2. Both flows
begin with the same weights and get the same vectors, conditions, learning rates and optimiser; they share no
code of the blocks or the loss. In float64 the losses agree to rounding. In float32 each rounds otherwise, and
training may let that grow: what is shown is as close as two float32 programs stay.
"""

import argparse
import math
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch import Tensor, nn
from torch.nn import functional as F

from flawflow.datasets import open_dataset
from flawflow.recipe import PRESETS
from flawflow.training.detectors.paper_cflow import (
    CONDITION_CHANNELS,
    COUPLING_BLOCKS,
    IMAGES_PER_BATCH,
    RATE,
    ScaleFitter,
    learning_rate,
    pyramids,
    vector_batches,
)
from flawflow.training.encoder import build_encoder
from flawflow.training.feature_source import FeatureSource
from flawflow.training.flows import Chain, Coupling, Rotation, ScaleShift
from flawflow.training.unfinished_work import WorkFolder

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from FrEIA.modules import AllInOneBlock

SHOWN = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000)


class Oracle:
    """FrEIA's chain of blocks with the weights of a flow, its optimiser, and the reference's loss."""

    def __init__(self, flow: Chain) -> None:
        self.dimension = flow.dimension
        self.blocks = nn.ModuleList(self._block() for _ in range(COUPLING_BLOCKS)).to(next(flow.parameters()))
        parts = list(flow)
        for index, block in enumerate(self.blocks):
            copy_block(parts[3 * index : 3 * index + 3], block)
        learned = [parameter for parameter in self.blocks.parameters() if parameter.requires_grad]
        self.optimiser = torch.optim.Adam(learned, lr=RATE)

    def _block(self) -> nn.Module:
        block: nn.Module = AllInOneBlock(
            [(self.dimension,)],
            [(CONDITION_CHANNELS,)],
            subnet_constructor=lambda inputs, outputs: nn.Sequential(
                nn.Linear(inputs, 2 * inputs), nn.ReLU(), nn.Linear(2 * inputs, outputs)
            ),
            affine_clamping=1.9,
            global_affine_type="SOFTPLUS",
            permute_soft=True,
        )
        return block

    def step(self, vectors: Tensor, condition: Tensor, rate: float) -> float:
        """One step of Adam; gives the loss before it."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        u, log_det = vectors, vectors.new_zeros(len(vectors))
        for block in self.blocks:
            (u,), change = block((u,), [condition])
            log_det = log_det + change
        log_p = log_det - (u**2 + math.log(2 * math.pi)).sum(dim=1) / 2
        loss = -F.logsigmoid(log_p / self.dimension).mean()
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
        return loss.item()


@torch.no_grad()
def copy_block(ours: Sequence[nn.Module], block: nn.Module) -> None:
    """Give one of FrEIA's blocks the weights of our coupling, scale and rotation."""
    coupling, scale, rotation = ours
    assert isinstance(coupling, Coupling)
    assert isinstance(scale, ScaleShift)
    assert isinstance(rotation, Rotation)
    assert coupling.subnet.condition is not None
    first, _, last = block.get_submodule("subnet").children()
    weights = (coupling.subnet.passive.weight, coupling.subnet.condition.weight)
    first.get_parameter("weight").copy_(torch.cat(weights, dim=1))
    first.get_parameter("bias").copy_(coupling.subnet.passive.bias)
    last.load_state_dict(coupling.subnet.last.state_dict())
    block.get_parameter("global_scale").copy_(scale.g[None])
    block.get_parameter("global_offset").copy_(scale.shift[None])
    block.get_parameter("w_perm").copy_(rotation.matrix)


def compare(source: FeatureSource, passes: int, dtype: torch.dtype) -> list[list[tuple[float, float]]]:
    """Train both; gives (ours, FrEIA's) loss of every step of every scale, fine to coarse."""
    encoder = source.encoder
    learners = [
        ScaleFitter(dimension, grid, seed=source.seed * 16 + k, device=source.device)
        for k, (dimension, grid) in enumerate(zip(encoder.channels, encoder.grids(source.size), strict=True))
    ]
    for learner in learners:
        learner.flow.to(dtype)
        learner.condition = learner.condition.to(dtype)
    oracles = [Oracle(learner.flow) for learner in learners]
    losses: list[list[tuple[float, float]]] = [[] for _ in learners]
    batches = -(-len(source.features.pictures) // IMAGES_PER_BATCH)
    for done in range(passes):
        generator = torch.Generator().manual_seed(source.seed * 100003 + done)
        steps = pyramids(source, generator, done)
        title = f"{str(dtype).removeprefix('torch.')}, pass {done + 1}"
        for number, pyramid in enumerate(track(steps, title, batches, console=Console(stderr=True))):
            rate = learning_rate(done, number / batches)
            for k in reversed(range(len(learners))):
                for vectors, condition in vector_batches(
                    pyramid[k].to(dtype), learners[k].condition, generator
                ):
                    ours = learners[k].step(vectors, condition, rate).item()
                    losses[k].append((ours, oracles[k].step(vectors, condition, rate)))
    return losses


def show(losses: Sequence[Sequence[tuple[float, float]]], source: FeatureSource, dtype: torch.dtype) -> None:
    name = str(dtype).removeprefix("torch.")
    table = Table(title=f"Loss before each step, {name}")
    for heading in ("stride", "step", "flawflow", "FrEIA", "difference"):
        table.add_column(heading, justify="right")
    for stride, scale in zip(source.encoder.strides, losses, strict=True):
        for step in sorted({*(step for step in SHOWN if step < len(scale)), len(scale)}):
            ours, theirs = scale[step - 1]
            table.add_row(str(stride), str(step), f"{ours:.8f}", f"{theirs:.8f}", f"{ours - theirs:+.1e}")
        table.add_section()
    console = Console(width=90)
    console.print(table)
    for stride, scale in zip(source.encoder.strides, losses, strict=True):
        largest = max(abs(ours - theirs) / theirs for ours, theirs in scale)
        console.print(
            f"{name}, stride {stride}: largest relative difference {largest:.1e} in {len(scale)} steps"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="good pictures, or a tree in MVTec AD's layout")
    parser.add_argument("--pictures", type=int, default=64, help="how many of them (default 64)")
    parser.add_argument("--passes", type=int, default=1, help="passes over the pictures (default 1)")
    parser.add_argument("--encoder", default="lite0")
    parser.add_argument("--weights", help="the encoder's weights")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--float64", action="store_true", help="train in float64 too")
    given = parser.parse_args()
    size = (given.size, given.size)
    strides = PRESETS["paper"].strides
    encoder = build_encoder(
        given.encoder, strides=strides, weights=given.weights, size=size, reflect_padding=True
    )
    pictures = tuple(sample.path for sample in open_dataset(given.folder).train[: given.pictures])
    with tempfile.TemporaryDirectory() as folder:
        source = FeatureSource(
            encoder=encoder,
            pictures=pictures,
            size=size,
            seed=given.seed,
            device=torch.device("cpu"),
            work=WorkFolder(Path(folder) / "work", {}, resume=False),
        )
        for dtype in (torch.float32, torch.float64) if given.float64 else (torch.float32,):
            show(compare(source, given.passes, dtype), source, dtype)


if __name__ == "__main__":
    main()
