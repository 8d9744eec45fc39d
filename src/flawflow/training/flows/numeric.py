"""Inverses that are found by search: increasing maps of each channel, bisected."""

from collections.abc import Callable

import torch
from torch import Tensor

TOLERANCE = 1e-9
"""How far forward(inverse(y)) may be from y in float64, relative to 1 + |y|; in float32 it is rounding."""

_WIDER = 60


def invert_increasing(function: Callable[[Tensor], tuple[Tensor, Tensor]], y: Tensor) -> Tensor:
    """Find x with function(x) = y, each element by itself, to within `TOLERANCE`.

    The bracket doubles until it holds the answer and is halved down to rounding. One step of Newton's method
    ends the search; it also gives the gradient, 1 over the slope.

    Args:
        function: Gives the value, increasing in each element, and the logarithm of its slope.
        y: Any shape; x has the same.
    """
    with torch.no_grad():
        low, high, step = y - 1, y + 1, torch.ones_like(y)
        for _ in range(_WIDER):
            too_high, too_low = function(low)[0] > y, function(high)[0] < y
            if not bool((too_high | too_low).any()):
                break
            step = 2 * step
            low, high = torch.where(too_high, low - step, low), torch.where(too_low, high + step, high)
        for _ in range(64 if y.dtype == torch.float64 else 32):
            middle = (low + high) / 2
            below = function(middle)[0] < y
            low, high = torch.where(below, middle, low), torch.where(below, high, middle)
        x = (low + high) / 2
    value, log_slope = function(x)
    return x - (value - y) * (-log_slope).exp().detach()
