import pytest
import torch

from flawflow.training.flows import Whiten


def test_data_comes_out_white() -> None:
    x = 3 + torch.randn(60, 4) @ torch.randn(4, 4)
    y, _ = Whiten.from_data(x)(x)
    torch.testing.assert_close(y.mean(dim=0), torch.zeros(4), rtol=0, atol=1e-9)
    torch.testing.assert_close(y.T @ y / 60, torch.eye(4), rtol=1e-9, atol=1e-9)


def test_too_few_vectors_need_shrinkage() -> None:
    x = torch.randn(3, 6)
    with pytest.raises(
        ValueError, match=r"covariance of 3 vectors in 6 channels is singular; .* above 0\.0\."
    ):
        Whiten.from_data(x)
    y, log_det = Whiten.from_data(x, shrinkage=0.05)(x)
    assert bool(y.isfinite().all())
    assert bool(log_det.isfinite().all())


def test_shrinkage_goes_towards_the_mean_variance() -> None:
    x = torch.randn(60, 4) @ torch.randn(4, 4)
    covariance = torch.cov(x.T, correction=0)
    expected = 0.7 * covariance + 0.3 * covariance.diagonal().mean() * torch.eye(4)
    made = Whiten.from_data(x, shrinkage=0.3).cholesky
    torch.testing.assert_close(made @ made.T, expected)


@pytest.mark.parametrize(
    ("mean", "cholesky", "message"),
    [
        (torch.zeros(2), torch.eye(3), r"shape \(D, D\); got \(2,\) and \(3, 3\)\."),
        (torch.zeros(2, 1), torch.eye(2), r"shape \(D, D\); got \(2, 1\) and \(2, 2\)\."),
        (torch.zeros(2), torch.ones(2, 2), r"lower triangular"),
        (torch.zeros(2), -torch.eye(2), r"positive diagonal"),
        (torch.zeros(2), torch.diag(torch.tensor([1.0, -1.0])), r"positive diagonal"),
    ],
)
def test_what_is_no_cholesky_factor_is_refused(
    mean: torch.Tensor, cholesky: torch.Tensor, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Whiten(mean, cholesky)
