"""Where a feature vector lies, told in sines and cosines."""

import math

import torch
from torch import Tensor


def sine_position(height: int, width: int, channels: int = 128) -> Tensor:
    """Encode every position of a feature map: the condition c of the paper.

    The first half of the channels tells x (the column), the last half y (the row), both as whole numbers
    from 0. In each half, channel j holds the sine for even and the cosine for odd j; a pair shares the
    frequency exp(-j·ln(10⁴) / (channels/2)) of its even j.

    Args:
        height: Rows of the feature map, 1 or more.
        width: Columns of the feature map, 1 or more.
        channels: C, a positive multiple of 4.

    Returns:
        (channels, height, width), torch's default dtype, values in [-1, 1].

    Raises:
        ValueError: A size is not possible.
    """
    if channels < 4 or channels % 4:
        raise ValueError(
            f"Expected a positive multiple of 4 channels for a positional encoding; got {channels}."
        )
    if height < 1 or width < 1:
        raise ValueError(f"Expected a feature map of 1 or more rows and columns; got {height} × {width}.")
    columns = _encode(width, channels // 2)[:, None, :].expand(-1, height, -1)
    rows = _encode(height, channels // 2)[:, :, None].expand(-1, -1, width)
    return torch.cat((columns, rows)).to(torch.get_default_dtype())


def _encode(length: int, channels: int) -> Tensor:
    even = torch.arange(0, channels, 2, dtype=torch.float64)
    # float64: at large positions the angle is a large number, of which float32 keeps too little.
    angle = torch.exp(-even * math.log(1e4) / channels)[:, None] * torch.arange(length, dtype=torch.float64)
    return torch.stack((angle.sin(), angle.cos()), dim=1).reshape(channels, length)
