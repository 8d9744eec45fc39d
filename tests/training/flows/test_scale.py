import torch

from flawflow.training.flows import ScaleShift


def test_it_starts_at_the_identity() -> None:
    x = torch.randn(4, 3)
    y, log_det = ScaleShift(3)(x)
    torch.testing.assert_close(y, x)
    torch.testing.assert_close(log_det, torch.zeros(4))


def test_the_scale_is_the_references() -> None:
    scale = ScaleShift(3)
    with torch.no_grad():
        scale.g.copy_(torch.tensor([-3.0, 0.0, 100.0]))
    # 0.1·log(1 + exp(g/2)) / (1/2)
    torch.testing.assert_close(scale.scale(), 0.2 * torch.log1p(torch.exp(scale.g / 2)))
