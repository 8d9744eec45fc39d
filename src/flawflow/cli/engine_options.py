"""Options that say what runs a model's graph, and where."""

import functools
from collections.abc import Callable
from typing import Any

import click

from flawflow.runtime.engines import ENGINES, engine_kind


class _EngineName(click.Choice[str]):
    """A name of an engine; those of other packages are looked up where one is named."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            engine_kind(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        return str(value)


engine_option = click.option(
    "--engine",
    type=_EngineName(tuple(ENGINES)),
    default="onnxruntime",
    show_default=True,
    help="Inference engine; openvino needs its extra.",
)


def engine_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add --engine and --device; `function` gets both as `engine`."""

    @engine_option
    @click.option(
        "--device",
        metavar="NAME",
        help="Where the engine computes, by its own word: CPU, GPU or AUTO (openvino), a provider such as "
        "CUDAExecutionProvider (onnxruntime).  [default: the CPU]",
    )
    @functools.wraps(function)
    def with_device(*, engine: str, device: str | None, **rest: Any) -> Any:
        return function(engine=f"{engine}:{device}" if device else engine, **rest)

    return with_device
