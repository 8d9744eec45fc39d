"""Options of verbs that do many pieces of work: where, how many at a time, with what each."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from flawflow.errors import FlawflowError

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


def shard_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add --on and --jobs for the shards of an archive; the function gets `where`, None without --on."""

    @functools.wraps(function)
    def with_where(*args: Any, on: str | None, at_once: int | None, **rest: Any) -> Any:
        if on is None and at_once is not None:
            raise FlawflowError("--jobs says how many shards --on inspects at a time: give both, or neither")
        where = None if on is None else Where(place=on, at_once=at_once, cores=1, device="cpu")
        return function(*args, where=where, **rest)

    options = [
        _on_option("on", default=None, what="Where to inspect the shards of an archive, each by itself"),
        _jobs_option(None),
    ]
    return functools.reduce(lambda made, option: option(made), reversed(options), with_where)


def _on_option(name: str, *, default: str | None, what: str) -> Callable[..., Any]:
    return click.option(
        "--on",
        name,
        default=default,
        show_default=default or "this process",
        metavar="local|ray|ray://HOST:PORT",
        help=f"{what}: processes of this machine, or a Ray cluster, for which a package is needed "
        "(pip install 'flawflow[ray]').",
    )


def _jobs_option(jobs: int | None) -> Callable[..., Any]:
    room = "as many as cores and memory allow" if jobs is None else str(jobs)
    return click.option(
        "--jobs",
        "at_once",
        type=click.IntRange(min=1),
        default=jobs,
        metavar="N",
        help=f"Most at a time.  [default: {room}]",
    )


def _options(jobs: int | None) -> list[Callable[..., Any]]:
    return [
        _on_option("place", default="local", what="Where to run"),
        _jobs_option(jobs),
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
