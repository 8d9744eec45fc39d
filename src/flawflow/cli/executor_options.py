"""Options of verbs that do many pieces of work: where, how many at a time, with what each."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from flawflow.executors.contract import Executor


@dataclass(frozen=True, kw_only=True)
class Where:
    """Where work is done.

    Attributes:
        place: As of `flawflow.executors.kinds.load_executor`.
        at_once: Most pieces at a time; None for as many as there is room for.
        cores: Of each piece, at least.
        device: Where to train: "auto", "cpu" or "cuda".
    """

    place: str
    at_once: int | None
    cores: int
    device: str

    @property
    def gpus(self) -> int:
        """How many GPUs each piece needs."""
        return 1 if self.device == "cuda" else 0

    def executor(self) -> "Executor":
        """Make the executor.

        Raises:
            ExecutorError: There is none of this name, or it cannot be used here.
        """
        from flawflow.executors.kinds import load_executor

        return load_executor(self.place, at_once=self.at_once)


def executor_options(*, jobs: int | None = None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add --on, --jobs, --cores and --device; the function gets `where`.

    Args:
        jobs: How many at a time where nothing is said; None for as many as there is room for.
    """

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def with_where(*, place: str, at_once: int | None, cores: int, device: str, **rest: Any) -> Any:
            return function(where=Where(place=place, at_once=at_once, cores=cores, device=device), **rest)

        return functools.reduce(lambda made, option: option(made), reversed(_options(jobs)), with_where)

    return add


def _options(jobs: int | None) -> list[Callable[..., Any]]:
    room = "as many as cores and memory allow" if jobs is None else str(jobs)
    return [
        click.option(
            "--on",
            "place",
            default="local",
            show_default=True,
            metavar="local|ray|ray://HOST:PORT",
            help="Where to run: processes of this machine, or a Ray cluster, for which a package is needed "
            "(pip install 'flawflow[ray]').",
        ),
        click.option(
            "--jobs",
            "at_once",
            type=click.IntRange(min=1),
            default=jobs,
            metavar="N",
            help=f"Most at a time.  [default: {room}]",
        ),
        click.option(
            "--cores",
            type=click.IntRange(min=1),
            default=1,
            show_default=True,
            metavar="N",
            help="Cores of the processor for each, at least.",
        ),
        click.option(
            "--device",
            type=click.Choice(("auto", "cpu", "cuda")),
            default="auto",
            show_default=True,
            help="Where to train; cuda asks for a GPU for each.",
        ),
    ]
