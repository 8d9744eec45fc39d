import torch

from flawflow.training.flows import LULinear


def test_it_starts_as_a_rotation() -> None:
    matrix = LULinear(5, generator=torch.Generator().manual_seed(0)).matrix()
    torch.testing.assert_close(matrix @ matrix.T, torch.eye(5), rtol=0, atol=1e-12)
    torch.testing.assert_close(torch.linalg.det(matrix), torch.tensor(1.0))


def test_only_its_triangles_count() -> None:
    linear = LULinear(4, generator=torch.Generator().manual_seed(0))
    before = linear.matrix().detach().clone()
    with torch.no_grad():
        linear.lower += torch.ones(4, 4).triu()
        linear.upper += torch.ones(4, 4).tril()
    assert torch.equal(linear.matrix(), before)
