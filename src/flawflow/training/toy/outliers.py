"""Kinds of outliers among the points themselves, and who sees them: kNN, LOF, a Gaussian and a flow."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from flawflow.training.flows import (
    Affine,
    Bijection,
    Chain,
    Coupling,
    Rotation,
    Whiten,
    log_prob,
)
from flawflow.training.toy.crescents import REACH
from flawflow.training.toy.figure import (
    DEFECT,
    FINE,
    GAUSS,
    GOOD,
    PANEL,
    PAPER,
    draw_points,
    lay_out,
)
from flawflow.training.toy.learning import fit_flow

NEIGHBOURS = 5
KINDS = {"global": 2, "local": 1, "micro-cluster": 6}
_USUAL = 400


@dataclass(frozen=True)
class Points:
    """A cluster that is dense, one that is wide, and nine points that belong to neither.

    Attributes:
        x: (N, 2); the last nine are those, in the order of `KINDS`.
    """

    x: Tensor

    @property
    def kinds(self) -> Mapping[str, slice]:
        """Which rows are of a kind."""
        ends = np.cumsum([len(self.x) - sum(KINDS.values()), *KINDS.values()]).tolist()
        return {name: slice(*ends[number : number + 2]) for number, name in enumerate(KINDS)}


def draw_outliers(seed: int = 0) -> Points:
    """Draw the points."""
    generator = torch.Generator().manual_seed(seed)

    def cluster(count: int, middle: tuple[float, float], deviation: float) -> Tensor:
        return torch.tensor(middle) + deviation * torch.randn(count, 2, generator=generator)

    dense, wide = cluster(_USUAL // 2, (-1.2, -0.9), 0.12), cluster(_USUAL // 2, (1.0, 0.9), 0.55)
    far, near = torch.tensor([[-2.5, 2.5], [2.6, -2.4]]), torch.tensor([[-0.55, -1.4]])
    return Points(torch.cat((dense, wide, far, near, cluster(KINDS["micro-cluster"], (-1.9, 1.0), 0.04))))


def judge(points: Points, *, steps: int = 800) -> Mapping[str, NDArray[np.float64]]:
    """Score every point among all others by each method, (N,); higher is more unusual. None is told kinds."""
    from sklearn.covariance import EmpiricalCovariance
    from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors

    x = points.x.double().numpy()
    distances = NearestNeighbors(n_neighbors=NEIGHBOURS).fit(x).kneighbors()[0]
    factor = LocalOutlierFactor(n_neighbors=4 * NEIGHBOURS).fit(x)
    return {
        f"kNN ({NEIGHBOURS} neighbours)": distances.mean(axis=1),
        f"LOF ({4 * NEIGHBOURS} neighbours)": -factor.negative_outlier_factor_,
        "Gaussian (Mahalanobis)": EmpiricalCovariance().fit(x).mahalanobis(x),
        "Flow": _by_flow(points.x, steps),
    }


def draw_judges(points: Points, scores: Mapping[str, NDArray[np.float64]]) -> Image.Image:
    """Draw the points for each judge, the larger the more unusual, with those that it finds in colour."""
    return lay_out(*(_panel(points, name, own) for name, own in scores.items()))


def found(points: Points, scores: NDArray[np.float64]) -> Mapping[str, int]:
    """How many of each kind score above 99 % of the usual points."""
    limit = np.quantile(scores[:_USUAL], 0.99)
    return {name: int((scores[rows] > limit).sum()) for name, rows in points.kinds.items()}


def _by_flow(x: Tensor, steps: int) -> NDArray[np.float64]:
    generator = torch.Generator().manual_seed(1)
    blocks: list[Bijection] = []
    for _ in range(8):
        coupling = Coupling(Affine(), 2, hidden=32, start_at_identity=True, generator=generator)
        blocks += (coupling, Rotation(2, generator=generator))
    flow = fit_flow(Chain(Whiten.from_data(x), *blocks), x, steps, generator, noise=0.1)
    with torch.no_grad():
        return (-log_prob(flow, x)).double().numpy()


def _panel(points: Points, name: str, scores: NDArray[np.float64]) -> tuple[Image.Image, str, str]:
    picture = Image.new("RGB", (PANEL * FINE,) * 2, PAPER)
    limit = np.quantile(scores[:_USUAL], 0.99)
    ranks = scores.argsort().argsort() / len(scores)
    for number in scores.argsort():
        is_usual, is_found = number < _USUAL, scores[number] > limit
        colour = (GOOD if is_usual else DEFECT) if is_found else GAUSS
        radius = 1.5 + 5 * float(ranks[number]) ** 8
        draw_points(picture, points.x[number : number + 1], colour, REACH, radius)
    note = ", ".join(f"{name} {count}/{KINDS[name]}" for name, count in found(points, scores).items())
    return picture, name, f"found: {note}"
