"""The first affine layer of a scale's flow: each position against its own mean and deviation, from data."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from flawflow.training.detectors.rounding import to_digits, to_half
from flawflow.training.row_view import Rows, as_vectors_of_rows

# A channel that hardly varies on good pictures would otherwise make a mountain of any change.
MIN_VARIANCE_SHARE = 1e-3
_VALUES_AT_ONCE = 2**24


class PositionStandardizer(nn.Module):
    """Standardise the vectors of each position: x = (z - μ_i) / σ_i, channel by channel.

    It is a conditional affine bijection whose condition is the position itself, set from data instead of
    learned: the Gaussian optimum of eq. 6 for a diagonal covariance. A flow that is told the position only
    by a sine vector needs long to learn what these 2·D numbers a position say at once.

    - Features are taken to carry noise of `noise` times each channel's own deviation (what is left after
      the positions' means). Then σ_i² is the sum of both, and the flow is trained on features with that
      noise added: it learns the density at this resolution, and cannot rise to a spike where a few pictures
      happen to agree.
    - Means and variances of positions are shrunk towards those of the whole map as far as their differences
      are no larger than chance explains (empirical Bayes): with few pictures, or parts that lie anywhere,
      little is left of the position; with many aligned ones, nearly all.

    Attributes:
        mean: μ, (H·W, D).
        deviation: σ, (H·W, D).
        noise: Deviation of the noise in standardised units, (H·W, D).
    """

    mean: Tensor
    deviation: Tensor
    noise: Tensor

    def __init__(self, mean: Tensor, deviation: Tensor, noise: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("deviation", deviation)
        self.register_buffer("noise", noise)

    @classmethod
    def from_data(
        cls,
        maps: Rows,
        *,
        noise: float,
        by_position: bool = True,
        own_deviation: bool = True,
        inside: Tensor | None = None,
    ) -> "PositionStandardizer":
        """Measure features of good pictures.

        Args:
            maps: (rows, H·W, D) float32, two rows or more.
            noise: Deviation of the noise, in units of each channel's own deviation.
            by_position: Give each position its own statistics; otherwise all have those of the whole map.
            own_deviation: Give each position its own deviation, too; otherwise all have the typical one, so
                that the noise of a quiet place is not made as loud as the part.
            inside: The positions to measure, (P,) int64, None for all; the others get the mean of these.
        """
        if not by_position:
            whole = cls.from_data(as_vectors_of_rows(maps, inside), noise=noise)
            return cls(*(values.repeat(maps.shape[1], 1) for values in whole.buffers()))
        rows = maps.shape[0]
        mean = _mean_over_rows(maps, lambda chunk: chunk, inside)
        variance = _mean_over_rows(maps, lambda chunk: (chunk - mean).square(), inside) * (rows / (rows - 1))
        measured = cls.from_moments(mean, variance, rows, noise=noise, own_deviation=own_deviation).buffers()
        return cls(*(spread(values, inside, maps.shape[1]) for values in measured))

    @classmethod
    def from_moments(
        cls, mean: Tensor, variance: Tensor, rows: int, *, noise: float, own_deviation: bool = True
    ) -> "PositionStandardizer":
        """Shrink what was measured of the positions.

        Args:
            mean: (H·W, D) float32, over the rows.
            variance: (H·W, D) float32, unbiased.
            rows: How many there were, two or more.
            noise: As of `from_data`.
            own_deviation: As of `from_data`.
        """
        typical = variance.mean(dim=0)
        typical = typical.clamp_min(MIN_VARIANCE_SHARE * typical.mean())
        shrunk = shrink(mean, typical / rows)
        # What the shrunk mean leaves out is deviation.
        variance = shrink(variance, (2 * variance.square() / (rows - 1)).mean(dim=0))
        variance = variance + (mean - shrunk).square()
        if not own_deviation:
            variance = variance.mean(dim=0).expand_as(variance)
        noise_variance = noise**2 * typical
        # Without noise a constant channel still needs a deviation to be divided by.
        deviation = (variance + noise_variance).clamp_min(MIN_VARIANCE_SHARE * typical).sqrt()
        return cls(shrunk, deviation, noise_variance.sqrt() / deviation)

    def forward(self, features: Tensor, position: Tensor | None = None) -> Tensor:
        """Standardise vectors, (..., H·W, D) of all positions, or (..., N, D) at given positions, (N,)."""
        if position is None:
            return (features - self.mean) / self.deviation
        return (features - self.mean[position]) / self.deviation[position]

    def rounded(self) -> "PositionStandardizer":
        """The same with deviations of eleven binary digits, and means whose ratio to them float16 holds."""
        deviation = to_digits(self.deviation)
        # A product of eleven and eleven digits is exact, and so is what the ratio gives back.
        mean = to_half(self.mean / deviation) * deviation
        return PositionStandardizer(mean, deviation, self.noise * (self.deviation / deviation))

    def log_det(self) -> Tensor:
        """log|det ∂x/∂z| of each position, (H·W,)."""
        return -self.deviation.log().sum(dim=1)

    def covariance(self, maps: Rows, inside: Tensor | None = None) -> Tensor:
        """Second moments of the standardised features with their noise, (D, D) float64.

        Args:
            maps: (rows, H·W, D).
            inside: The positions to measure, (P,) int64; None for all.
        """
        noise = self.noise if inside is None else self.noise[inside]
        total = torch.zeros(maps.shape[2], maps.shape[2], dtype=torch.float64, device=maps.device)
        for chunk in row_chunks(maps, inside):
            vectors = self(chunk, inside).flatten(0, 1)
            total += (vectors.T @ vectors).double()
        total /= maps.shape[0] * len(noise)
        total.diagonal().add_(noise.double().square().mean(dim=0))
        return total


def shrink(values: Tensor, chance: Tensor) -> Tensor:
    """Pull values (H·W, D) towards their mean; `chance` (D,) is the variance that chance alone gives them."""
    centre = values.mean(dim=0)
    spread = (values - centre).square().mean(dim=0)
    kept = ((spread - chance) / spread.clamp_min(torch.finfo(values.dtype).tiny)).clamp(0, 1)
    return centre + kept * (values - centre)


def spread(values: Tensor, inside: Tensor | None, positions: int) -> Tensor:
    """Values (P, D) of the positions inside as (H·W, D), with their mean in all other positions."""
    if inside is None:
        return values
    whole = values.mean(dim=0).repeat(positions, 1)
    whole[inside] = values
    return whole


def _mean_over_rows(maps: Rows, measure: Callable[[Tensor], Tensor], inside: Tensor | None) -> Tensor:
    positions = maps.shape[1] if inside is None else len(inside)
    total = torch.zeros(positions, maps.shape[2], dtype=torch.float64, device=maps.device)
    for chunk in row_chunks(maps, inside):
        total += measure(chunk).sum(dim=0, dtype=torch.float64)
    return (total / maps.shape[0]).float()


def row_chunks(maps: Rows, inside: Tensor | None = None) -> Iterator[Tensor]:
    """Portions of (rows, H·W, D) that fit in memory: the features may be a mapped file.

    Args:
        maps: The features.
        inside: The positions to give, (P,) int64; None for all.
    """
    rows = max(1, _VALUES_AT_ONCE // (maps.shape[1] * maps.shape[2]))
    for start in range(0, len(maps), rows):
        chunk = maps[start : start + rows]
        yield chunk if inside is None else chunk[:, inside]
