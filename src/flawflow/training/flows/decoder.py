"""The flow of CFLOW-AD, block for block."""

import torch

from flawflow.training.flows.bijection import Bijection
from flawflow.training.flows.chain import Chain
from flawflow.training.flows.coupling import DAMPING, Coupling
from flawflow.training.flows.rotation import Rotation
from flawflow.training.flows.scale import ScaleShift
from flawflow.training.flows.transformers import Affine


def cflow_decoder(
    dimension: int,
    condition_dimension: int = 128,
    blocks: int = 8,
    *,
    generator: torch.Generator | None = None,
) -> Chain:
    """Build CFLOW-AD's decoder, z → u: `blocks` times affine coupling, scale and shift, rotation.

    Args:
        dimension: D, channels of a feature vector; 2 or more.
        condition_dimension: C, channels of the positional encoding; 0 for an unconditional flow.
        blocks: Number of coupling blocks, 1 or more.
        generator: Source of the first weights and of the rotations; torch's own where None.

    Returns:
        A chain of 3·`blocks` bijections.
    """
    bijections: list[Bijection] = []
    for _ in range(blocks):
        bijections += (
            Coupling(Affine(), dimension, condition_dimension, damping=DAMPING, generator=generator),
            ScaleShift(dimension),
            Rotation(dimension, generator=generator),
        )
    return Chain(*bijections)
