import pytest
import torch
from scipy.stats import kstest

from flawflow.training.flows.rotation import random_rotation


@pytest.mark.parametrize("dimension", [1, 2, 3, 8, 33])
def test_it_is_a_rotation(dimension: int) -> None:
    for seed in range(8):
        matrix = random_rotation(dimension, generator=torch.Generator().manual_seed(seed))
        torch.testing.assert_close(matrix @ matrix.T, torch.eye(dimension), rtol=0, atol=1e-12)
        assert torch.linalg.det(matrix).item() == pytest.approx(1)


def test_every_direction_is_as_likely() -> None:
    generator = torch.Generator().manual_seed(1)
    matrices = torch.stack([random_rotation(3, generator=generator) for _ in range(1500)])
    # Under the Haar law of SO(3) every entry is uniform on [-1, 1] (Archimedes), the turned-round row's too.
    for row in range(3):
        for column in range(3):
            entry = matrices[:, row, column].numpy()
            assert kstest(entry, "uniform", args=(-1, 2)).pvalue > 1e-3
    # and the trace has mean 0, which would fail for unsigned QR factors
    assert abs(matrices.diagonal(dim1=1, dim2=2).sum(dim=1).mean().item()) < 0.1
