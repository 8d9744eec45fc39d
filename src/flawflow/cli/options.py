"""Options and value types that several verbs share."""

import functools
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from flawflow.errors import FlawflowError, one_line
from flawflow.results.sink_kinds import Verb, kinds
from flawflow.storage.paths import here, to_path
from flawflow.storage.remote import RemotePath

if TYPE_CHECKING:
    from flawflow.decision.calibration import Calibration

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

EXIT_LEFT_OUT = 3
"""What was asked for is done, but something could not be used and was left out."""

_LEFT_OUT_SHOWN = 10


def parse_size(value: str | int | tuple[int, int]) -> int | tuple[int, int]:
    """Read `256` (a side) or `256x320` (height and width).

    Raises:
        click.BadParameter: It is neither.

    >>> parse_size("256"), parse_size("256x320")
    (256, (256, 320))
    """
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"([1-9][0-9]{0,4})(?:[xX×]([1-9][0-9]{0,4}))?", value, re.ASCII)
    if match is None:
        raise click.BadParameter(
            f"{value!r} is not a size: give one side (256) or height and width (256x320)."
        )
    height, width = match.groups()
    return (int(height), int(width)) if width else int(height)


class _PathOrUrl(click.Path):
    """A path of this computer, or a URL where `takes_urls`."""

    def __init__(self, *, takes_urls: bool) -> None:
        super().__init__(path_type=Path, allow_dash=True)
        self._takes_urls = takes_urls

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, str) and "://" in value:
            path = to_path(value)
            return path if self._takes_urls else here(path)
        return super().convert(value, param, ctx)


PLACE = _PathOrUrl(takes_urls=True)
"""What is read or written whole: of this computer, or an object of a store."""

LOCAL = _PathOrUrl(takes_urls=False)
"""What must be a file or folder of this computer."""


def require_new(output: Path, *, overwrite: bool) -> None:
    """Make sure before the work that its result can be written where it is to stand.

    Raises:
        FlawflowError: There is one already and it is not to be replaced, or a store takes none.
        OSError: The store denies it, or does not answer.
    """
    if isinstance(output, RemotePath):
        output.probe()
    if output.exists() and not overwrite:
        raise FlawflowError(f"{output} exists: choose another name, or replace it with --overwrite")


def _set_limit(_context: click.Context, _option: click.Parameter, value: int | None) -> None:
    if value is not None:
        from flawflow.images import set_max_pixels

        set_max_pixels(value)


limit_option = click.option(
    "--max-pixels",
    type=click.IntRange(min=1),
    metavar="N",
    callback=_set_limit,
    expose_value=False,
    help="Maximum pixels per picture.  [default: 100,000,000]",
)


def say_notes(notes: Iterable[str]) -> None:
    """Print sentences about what was skipped, to stderr."""
    for note in notes:
        click.echo(one_line(note), err=True)


def say_left_out(sentences: Sequence[str], what: str) -> None:
    """Count and name to stderr what was left out; nothing where that is nothing.

    Args:
        sentences: Why, one for each.
        what: As "picture could not be read"; its first word gets an s.
    """
    if not sentences:
        return
    from flawflow.report.wording import counted

    were = "was" if len(sentences) == 1 else "were"
    noun, _, verb = what.partition(" ")
    click.echo(f"{counted(len(sentences), noun)} {verb} and {were} left out:", err=True)
    for sentence in sentences[:_LEFT_OUT_SHOWN]:
        click.echo(f"  {one_line(sentence)}", err=True)
    if len(sentences) > _LEFT_OUT_SHOWN:
        click.echo(f"  and {len(sentences) - _LEFT_OUT_SHOWN:,} more", err=True)


def dataset_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the argument DATA and --scene, --good, --bad, --masks; `function` gets the opened `dataset`."""

    @click.argument("data", type=PLACE, required=False)
    @click.option("--scene", metavar="NAME", help="Of a data set of several scenes, the one to take.")
    @click.option("--good", type=PLACE, help="Folder of good pictures, instead of DATA.")
    @click.option("--bad", type=PLACE, help="Folder of defective pictures, for testing only.")
    @click.option("--masks", type=PLACE, help="Folder of masks for the pictures of --bad.")
    @limit_option
    @functools.wraps(function)
    def with_dataset(
        *,
        data: Path | None,
        scene: str | None,
        good: Path | None,
        bad: Path | None,
        masks: Path | None,
        **rest: Any,
    ) -> Any:
        from flawflow.datasets import open_dataset

        if data is None and good is None:
            raise click.UsageError("Name a data set (DATA), or a folder of good pictures with --good.")
        dataset = open_dataset(data, scene=scene, good=good, bad=bad, masks=masks)
        try:
            answer = function(dataset=dataset, **rest)
        except click.exceptions.Exit:
            say_notes(dataset.notes)
            raise
        # At the end: where nothing could be done, one sentence says why.
        say_notes(dataset.notes)
        return answer

    return with_dataset


def rate_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add --false-reject-rate and --review-rate; `function` gets both, None where one is not given."""
    for name, verdicts, usual in (
        ("--review-rate", "NG or REVIEW", "0.05 is 5 %"),
        ("--false-reject-rate", "NG", "0.01 is 1 %"),
    ):
        help_text = f"Share of good pictures that may be {verdicts} ({usual}).  [default: the model's]"
        function = click.option(name, type=float, metavar="R", help=help_text)(function)
    return function


def at_rates(
    calibration: "Calibration", *, false_reject_rate: float | None = None, review_rate: float | None = None
) -> "Calibration":
    """Apply what `rate_options` gave.

    Raises:
        FlawflowError: The rates are impossible, alone or together.
    """
    try:
        return calibration.with_rates(false_reject_rate=false_reject_rate, review_rate=review_rate)
    except ValueError as error:
        raise FlawflowError(str(error)) from None


def to_option(
    verb: Verb, *, default: tuple[str, ...] = (), besides: str = ""
) -> Callable[[Decorated], Decorated]:
    """Add --to, as `sinks`: where results go.

    Args:
        verb: Who delivers.
        default: What is taken where nothing is named.
        besides: What is written in any case.
    """
    *others, last = (kind for kind in kinds(verb) if kind != besides)
    always = f" beside {besides}" if besides else ""
    return click.option(
        "--to",
        "sinks",
        multiple=True,
        default=default,
        show_default=bool(default),
        metavar="KIND",
        help=f"Deliver results to {', '.join(others)} or {last}{always}; repeatable.",
    )


place_option = click.option(
    "--place",
    type=click.Choice(("copy", "move")),
    default="copy",
    show_default=True,
    help="With --to folder: copy or move pictures to OUTPUT/OK, REVIEW and NG.",
)

device_option = click.option(
    "--device",
    type=click.Choice(("auto", "cpu", "cuda")),
    default="auto",
    show_default=True,
    help="Where to train.",
)
