"""The continuous flow: vectors follow a velocity from time 0 to 1."""

from collections.abc import Callable

import torch
from torch import Tensor

from flawflow.errors import TrainingError
from flawflow.training.flows.estimated import Draw, EstimatedLogDet
from flawflow.training.flows.field import Field

State = tuple[Tensor, ...]


class Continuous(EstimatedLogDet):
    """Follow dx/dt = g(x, c, t) for 0 ≤ t ≤ 1; log|det J| = ∫ tr ∂g/∂x dt.

    FFJORD (https://arxiv.org/abs/1810.01367), solved by torchdiffeq (`pip install 'flawflow[continuous]'`)
    in `steps` steps of fixed length by a method of order 4: a step that adapts would look at the whole batch.
    So inverse and log-determinant are true to within the solver's error, `tolerance`, which falls with
    `steps`⁻⁴. Velocities have one hidden layer, whose trace needs no estimate; FFJORD's own is `estimated`,
    and what `forward` gives where `is_exact` is False. It neither folds nor exports.

    Args:
        dimension: D.
        condition_dimension: C; 0 makes the flow unconditional.
        hidden: Width of g; 2·(D + C) where None.
        steps: Of the solver.
        is_exact: Whether the trace is exact.
        start_at_identity: Begin with y = x exactly.
        generator: Source of the first weights and directions; torch's own where None.
    """

    tolerance = 1e-3

    def __init__(
        self,
        dimension: int,
        condition_dimension: int = 0,
        *,
        hidden: int | None = None,
        steps: int = 8,
        is_exact: bool = True,
        start_at_identity: bool = False,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(dimension, condition_dimension, is_exact=is_exact, generator=generator)
        hidden = 2 * (dimension + condition_dimension) if hidden is None else hidden
        self.steps = steps
        # Time is a channel of the velocity's condition.
        self.field = Field(
            dimension, condition_dimension + 1, hidden, zero_last=start_at_identity, generator=generator
        )

    def velocity(self, t: Tensor, x: Tensor, condition: Tensor | None) -> tuple[Tensor, Tensor]:
        """Give g at one time, t (), and its slopes, as `Field` does."""
        time = t.to(x).expand(len(x), 1)
        return self.field(x, time if condition is None else torch.cat((condition, time), dim=1))

    def _measure(self, x: Tensor, condition: Tensor | None, draw: Draw | None) -> tuple[Tensor, Tensor]:
        def change(t: Tensor, state: State) -> State:
            move, slopes = self.velocity(t, state[0], condition)
            if draw is None:
                return move, self.field.trace(slopes)
            return move, draw.mean(self.field.product(draw.directions[:, None], slopes))

        y, log_det = _solve(change, (x, torch.zeros_like(x[:, 0])), self.steps)
        return y, log_det

    def _inverse(self, y: Tensor, condition: Tensor | None) -> Tensor:
        def back(t: Tensor, state: State) -> State:
            return (-self.velocity(1 - t, state[0], condition)[0],)

        (x,) = _solve(back, (y,), self.steps)
        return x


def _solve(change: Callable[[Tensor, State], State], state: State, steps: int) -> State:
    try:
        from torchdiffeq import odeint
    except ImportError:
        raise TrainingError(
            "A continuous flow needs torchdiffeq: pip install 'flawflow[continuous]'"
        ) from None
    times = torch.linspace(0, 1, steps + 1, dtype=state[0].dtype, device=state[0].device)
    return tuple(part[-1] for part in odeint(change, state, times, method="rk4"))
