"""Choose good patches for a model file to keep, so that it can show what good looks like."""

import base64
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from flawflow.images import read_image, resize_image
from flawflow.images.encode import jpeg_of
from flawflow.model_file.memory import GoodPatch, Memory, encoded
from flawflow.training.detectors.cflow import Cflow
from flawflow.training.detectors.detector import Detector
from flawflow.training.detectors.folded import FoldedFlow
from flawflow.training.detectors.fused_features import FUSED_SCALE_COUNT, FusedFeatures
from flawflow.training.detectors.fused_scale import FusedScale, draw_channels
from flawflow.training.feature_source import FeatureSource
from flawflow.training.feature_store import FeatureStore

# A window's side, as a share of the picture's shorter side; windows overlap by half.
_WINDOW_SHARE = 1 / 4
# More pictures show no more of a part than these.
_MOST_PICTURES = 512
_MOST_CHANNELS = 256
_MIN_DEVIATION_SHARE = 1e-3
_JPEG_QUALITY = 88


class PatchFeatures(nn.Module):
    """What patches are compared by: joined features, averaged over windows.

    Args:
        features: Joins the two coarsest scales.
        tops: Where rows of windows begin, in positions of the joined grid.
        lefts: Where their columns begin.
        side: Of a window, in positions.
    """

    rows: Tensor
    columns: Tensor
    deviation: Tensor

    def __init__(self, features: FusedFeatures, tops: Sequence[int], lefts: Sequence[int], side: int) -> None:
        super().__init__()
        self.features, self.tops, self.lefts, self.side = features, tops, lefts, side
        self.register_buffer("rows", _averages(tops, side, features.grid[0]))
        self.register_buffer("columns", _averages(lefts, side, features.grid[1]).T.contiguous())
        self.register_buffer("deviation", torch.ones(1))

    def forward(self, pyramid: Sequence[Tensor]) -> Tensor:
        """From maps (B, D_k, H_k, W_k) to (B, windows, D), in deviations of good patches of a place."""
        return self.averaged(self.features(pyramid)) / self.deviation

    def averaged(self, vectors: Tensor) -> Tensor:
        """Vectors (B, H·W, D) averaged over windows: (B, windows, D)."""
        maps = vectors.transpose(1, 2).reshape(-1, vectors.shape[2], *self.features.grid)
        return (self.rows @ maps @ self.columns).flatten(2).transpose(1, 2)


def remember(detector: Detector, source: FeatureSource, wanted: int) -> tuple[PatchFeatures, Memory]:
    """Choose good patches, about so many and at least one a window, and what they are compared by.

    Of each window the patch nearest to the mean comes first, and then always the one farthest from all that
    were chosen (greedy k-centre): what good parts look like there, and how they may differ.

    Args:
        detector: Fitted.
        source: The pictures that it learned from.
        wanted: How many patches.
    """
    store, device = source.features, source.device
    module = _windows(detector, store, seed=source.seed).to(device)
    step = 1 + (len(store.pictures) - 1) // _MOST_PICTURES
    some = store.only(range(0, len(store.pictures), step))
    with torch.inference_mode():
        known = torch.cat([module(pyramid).cpu() for pyramid in some.plain_pyramids(device)])
    deviation = (known - known.mean(dim=0)).square().mean(dim=(0, 1)).sqrt()
    module.deviation = deviation.clamp_min(_MIN_DEVIATION_SHARE * float(deviation.mean()) or 1.0).to(device)
    known = known / module.deviation.cpu()
    windows = known.shape[1]
    each = max(1, min(round(wanted / windows), len(known)))
    chosen = [(window, number) for window in range(windows) for number in _spread(known[:, window], each)]
    vectors = torch.stack([known[number, window] for window, number in chosen])
    stride = source.size[0] // module.features.grid[0]
    tops, lefts = ([stride * start for start in starts] for starts in (module.tops, module.lefts))
    size = (stride * module.side, stride * module.side)
    corners = [(top, left) for top in tops for left in lefts]
    memory = Memory(
        size=size,
        tops=tuple(tops),
        lefts=tuple(lefts),
        patches=_cut(chosen, some, source.size, corners, size),
        features=encoded(vectors.numpy()),
        likeliest=_likeliest(detector, module, chosen, vectors),
    )
    return module, memory


def _windows(detector: Detector, store: FeatureStore, *, seed: int) -> PatchFeatures:
    if isinstance(detector, Cflow):
        fused = detector.fused[0]
        assert isinstance(fused, FusedScale)
        features = fused.features
    else:
        depths = [maps.shape[2] for maps in store.maps[-FUSED_SCALE_COUNT:]]
        grid = store.grids[max(0, len(store.grids) - FUSED_SCALE_COUNT)]
        features = FusedFeatures(grid, depths, draw_channels(sum(depths), _MOST_CHANNELS, seed=seed))
    height, width = features.grid
    side = max(1, round(_WINDOW_SHARE * min(height, width)))
    tops, lefts = (_starts(length, side) for length in (height, width))
    return PatchFeatures(features, tops, lefts, side)


def _starts(length: int, side: int) -> list[int]:
    """Where windows begin that overlap by about half and reach both ends."""
    count = 1 - (side - length) // max(1, side // 2)
    return [round(start) for start in np.linspace(0, length - side, count).tolist()]


def _averages(starts: Sequence[int], side: int, length: int) -> Tensor:
    matrix = torch.zeros(len(starts), length)
    for row, start in enumerate(starts):
        matrix[row, start : start + side] = 1 / side
    return matrix


def _spread(vectors: Tensor, count: int) -> list[int]:
    """Numbers of vectors (N, D): the nearest to the mean, then greedily the farthest from those chosen."""
    distance = (vectors - vectors.mean(dim=0)).square().sum(dim=1)
    chosen = [int(distance.argmin())]
    left = torch.full_like(distance, torch.inf)
    while len(chosen) < count:
        left = torch.minimum(left, (vectors - vectors[chosen[-1]]).square().sum(dim=1))
        chosen.append(int(left.argmax()))
    return chosen


def _likeliest(
    detector: Detector, module: PatchFeatures, chosen: Sequence[tuple[int, int]], vectors: Tensor
) -> tuple[int, ...]:
    """For each window the patch nearest to the mode of the flow; empty where the detector has none."""
    fused = detector.fused[0] if isinstance(detector, Cflow) else None
    if not isinstance(fused, FusedScale) or fused.density is None:
        return ()
    with torch.inference_mode():
        mode = module.averaged(mode_vectors(fused)[None])[0].cpu() / module.deviation.cpu()
    distance = (vectors - mode[[window for window, _ in chosen]]).square().sum(dim=1)
    best: dict[int, int] = {}
    for number, (window, _) in enumerate(chosen):
        if window not in best or distance[number] < distance[best[window]]:
            best[window] = number
    return tuple(best[window] for window in range(len(mode)))


@torch.inference_mode()
def mode_vectors(fused: FusedScale) -> Tensor:
    """The joined features, (H·W, D), that the flow maps to u = 0 at each position.

    The base density is highest at 0, and so this is the flow's own answer to what good looks like at a place.
    It depends on the position alone: through its condition, and through the mean that the Gaussian takes off.
    """
    gaussian, flow = fused.gaussian, getattr(fused.density, "flow", None)
    assert isinstance(flow, FoldedFlow)
    unfolded = flow.unfolded()
    nothing = torch.zeros(len(gaussian.offset), gaussian.offset.shape[1], dtype=torch.float64)
    whitened = unfolded.flow.inverse(nothing, unfolded.condition)
    inverse = torch.linalg.inv(gaussian.matrix.cpu().double())
    vectors: Tensor = (whitened - gaussian.offset.cpu()) @ inverse
    return vectors.float().to(gaussian.offset.device)


def _cut(
    chosen: Sequence[tuple[int, int]],
    store: FeatureStore,
    size: tuple[int, int],
    corners: Sequence[tuple[int, int]],
    window_size: tuple[int, int],
) -> tuple[GoodPatch, ...]:
    """The pixels of patches, each picture read once."""
    of_picture: dict[int, list[int]] = defaultdict(list)
    for place, (_, number) in enumerate(chosen):
        of_picture[number].append(place)
    patches: dict[int, GoodPatch] = {}
    for number, places in of_picture.items():
        path = store.pictures[number]
        pixels = resize_image(read_image(path), size)
        for place in places:
            window = chosen[place][0]
            top, left = corners[window]
            piece = pixels[top : top + window_size[0], left : left + window_size[1]]
            patches[place] = GoodPatch(
                window, path.name, base64.b64encode(jpeg_of(piece, _JPEG_QUALITY)).decode()
            )
    return tuple(patches[place] for place in range(len(chosen)))
