"""A step of a training, recorded once and played again where that saves time."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

# Optimisers and libraries set up what they need in their first steps, which cannot be recorded.
_PLAIN_STEPS = 3


def as_cuda_graph(step: Callable[[], Tensor], device: torch.device) -> Callable[[], Tensor]:
    """Give a step that does the same work; on a GPU as a CUDA graph.

    A step of a small flow is hundreds of kernels of a few microseconds each: starting them one by one takes
    many times longer than running them. A recorded step starts all at once.

    Args:
        step: Works on the same tensors, of the same shapes, at every call, never asks the device for a value,
            and gives a tensor.
        device: Where it works.
    """
    return _CudaGraphStep(step) if device.type == "cuda" else step


def adam(module: nn.Module, rate: float, device: torch.device) -> tuple[torch.optim.Adam, Tensor]:
    """Give Adam and its learning rate, a tensor to be filled with another: a captured step reads it again."""
    on_gpu = device.type == "cuda"
    # Where steps are not recorded it is read as a number, and as exactly that number.
    lr = torch.tensor(rate, dtype=torch.float32 if on_gpu else torch.float64, device=device)
    return torch.optim.Adam(module.parameters(), lr=lr, capturable=on_gpu), lr


class _CudaGraphStep:
    """The first steps as they are, then one recording for all others."""

    def __init__(self, step: Callable[[], Tensor]) -> None:
        self._step = step
        self._calls = 0
        self._graph: torch.cuda.CUDAGraph | None = None
        self._result: Tensor | None = None

    def __call__(self) -> Tensor:
        if self._calls < _PLAIN_STEPS:
            self._calls += 1
            return self._aside()
        if self._graph is None:
            self._graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self._graph):
                self._result = self._step()
        self._graph.replay()
        assert self._result is not None
        return self._result

    def _aside(self) -> Tensor:
        """A step on a stream of its own, as recordings are made: nothing is set up for another stream."""
        aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            result = self._step()
        torch.cuda.current_stream().wait_stream(aside)
        return result
