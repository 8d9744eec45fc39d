import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from flawflow.training.cuda_graph import as_cuda_graph


def test_on_a_cpu_a_step_stays_what_it_is() -> None:
    def step() -> Tensor:
        return torch.zeros(())

    assert as_cuda_graph(step, torch.device("cpu")) is step


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_recorded_step_learns_what_plain_steps_learn() -> None:
    device = torch.device("cuda")
    data = torch.randn(200, 32, 8, generator=torch.Generator().manual_seed(0)).to(device)

    def weights_after(steps: int, *, records: bool) -> Tensor:
        layer = torch.nn.Linear(8, 1).to(device)
        torch.nn.init.zeros_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
        given = torch.zeros(32, 8, device=device)
        optimiser = torch.optim.Adam(
            layer.parameters(), lr=torch.tensor(0.01, device=device), capturable=True
        )

        def step() -> Tensor:
            loss = (layer(given) - given.sum(dim=1, keepdim=True)).square().mean()
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            return loss.detach()

        take_step = as_cuda_graph(step, device) if records else step
        losses = []
        for number in range(steps):
            given.copy_(data[number])
            losses.append(take_step().item())
        assert losses[-1] < losses[0]
        return layer.weight.detach().clone()

    for steps in (1, 3, 4, 5, 100):
        assert_close(weights_after(steps, records=True), weights_after(steps, records=False))
