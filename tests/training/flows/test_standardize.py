import pytest
import torch

from flawflow.training.flows import Standardize


def test_data_comes_out_standard() -> None:
    x = torch.tensor([1.0, -20.0]) + torch.tensor([3.0, 0.5]) * torch.randn(50, 2)
    y, _ = Standardize.from_data(x, shrinkage=0)(x)
    torch.testing.assert_close(y.mean(dim=0), torch.zeros(2), rtol=0, atol=1e-12)
    torch.testing.assert_close(y.std(dim=0, correction=0), torch.ones(2))


def test_a_constant_channel_is_borne() -> None:
    x = torch.randn(50, 3)
    x[:, 1] = 4.0
    y, log_det = Standardize.from_data(x)(x)
    assert bool(y.isfinite().all())
    assert bool(log_det.isfinite().all())
    assert not y[:, 1].any()


def test_full_shrinkage_scales_all_channels_alike() -> None:
    x = torch.randn(50, 3) * torch.tensor([1.0, 2.0, 3.0])
    assert Standardize.from_data(x, shrinkage=1).std.unique().numel() == 1


def test_single_precision_is_kept_and_is_enough() -> None:
    x = (1000 + torch.randn(5000, 2)).float()
    made = Standardize.from_data(x, shrinkage=0)
    assert made.mean.dtype == made.std.dtype == torch.float32
    torch.testing.assert_close(made.std.double(), x.double().std(dim=0, correction=0), rtol=1e-6, atol=0)


@pytest.mark.parametrize(
    "std", [torch.tensor([1.0, 0.0]), torch.tensor([1.0]), torch.tensor([1.0, torch.nan])]
)
def test_impossible_deviations_are_refused(std: torch.Tensor) -> None:
    with pytest.raises(ValueError, match=r"Expected mean and positive std of shape \(D,\)"):
        Standardize(torch.zeros(2), std)


@pytest.mark.parametrize("shrinkage", [-0.1, 1.1])
def test_impossible_shrinkage_is_refused(shrinkage: float) -> None:
    with pytest.raises(ValueError, match=r"shrinkage between 0 and 1"):
        Standardize.from_data(torch.randn(4, 2), shrinkage)


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_vectors_than_two_have_no_deviation(count: int) -> None:
    with pytest.raises(ValueError, match=r"N of 2 or more"):
        Standardize.from_data(torch.randn(count, 3))


def test_two_vectors_have_one() -> None:
    made = Standardize.from_data(torch.tensor([[0.0, 1.0], [2.0, 7.0]]), shrinkage=0)
    torch.testing.assert_close(made.mean, torch.tensor([1.0, 4.0]))
    torch.testing.assert_close(made.std, torch.tensor([1.0, 3.0]))


def test_a_constant_channel_is_refused_where_nothing_is_borrowed_from_the_others() -> None:
    x = torch.randn(50, 3)
    x[:, 1] = 4.0
    with pytest.raises(ValueError, match=r"vary in every channel"):
        Standardize.from_data(x, shrinkage=0)
