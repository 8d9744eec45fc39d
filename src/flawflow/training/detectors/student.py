"""A small network that learns what the frozen encoder sees: the student of STFPM and Uninformed Students."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from flawflow.training.feature_source import FeatureSource
from flawflow.training.feature_store import FeatureStore

# Of a group whose mean and deviation normalise it: statistics of a picture and not of a batch.
_GROUP = 8


class Student(nn.Module):
    """Plain convolutions, a stage for each halving; gives maps with the encoder's channels and strides.

    Args:
        channels: D_k of each map, fine to coarse.
        strides: Of each map, powers of two.
        width: Channels of the first stage, a multiple of 8; doubled by each next one, up to eight times.
    """

    def __init__(self, channels: Sequence[int], strides: Sequence[int], width: int) -> None:
        super().__init__()
        depths = [round(math.log2(stride)) for stride in strides]
        self.stages, self.heads = nn.ModuleList(), nn.ModuleDict()
        incoming = 3
        for depth in range(1, max(depths) + 1):
            outgoing = min(2 ** (depth - 1), 8) * width
            layers = _convolution(incoming, outgoing, stride=2)
            # The finest stage has most places: one convolution is what it can afford.
            layers += _convolution(outgoing, outgoing, stride=1) if depth > 1 else []
            self.stages.append(nn.Sequential(*layers))
            if depth in depths:
                self.heads[str(depth)] = nn.Conv2d(outgoing, channels[depths.index(depth)], 1)
            incoming = outgoing

    def forward(self, pixels: Tensor) -> list[Tensor]:
        """From pictures (B, 3, H, W) to maps (B, D_k, H_k, W_k), fine to coarse."""
        maps = []
        for depth, stage in enumerate(self.stages, start=1):
            pixels = stage(pixels)
            if str(depth) in self.heads:
                maps.append(self.heads[str(depth)](pixels))
        return maps


def without_pixels(store: FeatureStore) -> FeatureStore:
    """The store without its first map, which is the pictures themselves (stride 1)."""
    return FeatureStore(**{**vars(store), "maps": store.maps[1:], "grids": store.grids[1:]})


def pyramid_of(store: FeatureStore, rows: Tensor, device: torch.device) -> list[Tensor]:
    """The maps (B, D_k, H_k, W_k) of some rows, (B,) int64 on the store's device."""
    return [
        maps[rows].to(device).transpose(1, 2).reshape(-1, maps.shape[2], *grid)
        for maps, grid in zip(store.maps, store.grids, strict=True)
    ]


def drawn_pictures(source: FeatureSource, count: int, generator: torch.Generator) -> list[Tensor]:
    """The pyramid of some good pictures, drawn at random, views included."""
    maps = source.features.maps
    rows = torch.randint(len(maps[0]), (count,), generator=generator, device=generator.device)
    return pyramid_of(source.features, rows.to(maps[0].device), source.device)


def _convolution(incoming: int, outgoing: int, *, stride: int) -> list[nn.Module]:
    return [
        nn.Conv2d(incoming, outgoing, 3, stride, padding=1, bias=False),
        nn.GroupNorm(max(1, outgoing // _GROUP), outgoing),
        nn.ReLU(),
    ]
