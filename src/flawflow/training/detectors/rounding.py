"""Statistics in so few digits that they take few bytes, and lose nothing when they are stored.

A model that shares its flows with others is mostly statistics. They are rounded before anything is measured
by them, so that the file gives back exactly what was measured (`flawflow.model_file.compact`).
"""

import torch
from torch import Tensor

# Digits of a float16, the leading one included.
_BINARY_DIGITS = 11
_LEVELS = 127


def to_half(values: Tensor) -> Tensor:
    """The nearest values that float16 holds, as float32; as they are where one is beyond its range."""
    halves = values.half().float()
    return halves if bool(halves.isfinite().all()) else values


def to_digits(values: Tensor) -> Tensor:
    """Values with eleven binary digits: a product of two such is exact in float32."""
    mantissa, exponent = torch.frexp(values.float())
    return torch.ldexp((mantissa * 2**_BINARY_DIGITS).round() / 2**_BINARY_DIGITS, exponent)


def to_levels(basis: Tensor) -> Tensor:
    """Columns as 255 levels of a step of their own, of eleven binary digits, so that each level is exact.

    Args:
        basis: (cells, D, R), where D counts a column's values.
    """
    # Never below what it must reach: a level would be beyond the last.
    step = to_digits(basis.abs().amax(dim=1, keepdim=True) / _LEVELS * (1 + 2.0**-_BINARY_DIGITS))
    level = (basis / step.clamp_min(torch.finfo(torch.float32).tiny)).round()
    # A level has no sign at 0.
    return level * step + 0.0
