"""Multiply-adds that each family of flows needs for a picture of 256 × 256 pixels with the encoder lite0.

    python benchmarks/flow_work.py

Products of matrices count; exponentials, sorting into bins and the determinants of i-ResNet do not.
"""

import torch
from torch.utils.flop_counter import FlopCounterMode

from flawflow.recipe import Recipe
from flawflow.recipe.options import FLOWS, CflowOptions
from flawflow.training.detectors.density import coupling_blocks
from flawflow.training.detectors.folded import FoldedFlow

# Channels and positions: stride 4 by itself, strides 8 and 16 joined.
SCALES = ((24, 64 * 64), (152, 32 * 32))


def multiply_adds(options: CflowOptions) -> int:
    """Count those of both flows of a detector, for one picture."""
    total = 0
    for dimension, positions in SCALES:
        blocks = coupling_blocks(
            dimension, options.position_channels, options, torch.Generator().manual_seed(0)
        )
        condition = torch.zeros(positions, options.position_channels)
        flow = FoldedFlow(blocks, condition).eval()
        with FlopCounterMode(display=False) as counter, torch.inference_mode():
            flow(torch.zeros(1, positions, dimension))
        total += counter.get_total_flops() // 2
    return total


def main() -> None:
    print("| flow | multiply-adds, M |")
    print("| --- | ---: |")
    for name in FLOWS:
        recipe = Recipe.of("fast", {"detector.flow": name})
        print(f"| {name} | {multiply_adds(recipe.detector.make().options) / 1e6:.0f} |", flush=True)


if __name__ == "__main__":
    main()
