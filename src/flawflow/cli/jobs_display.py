"""The progress of many jobs at a time, for a person who watches and for a log file."""

import time
from collections.abc import Mapping
from typing import Self

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from flawflow.cli.progress import SECONDS_BETWEEN_LINES, Display
from flawflow.errors import one_line
from flawflow.progress import JobsProgress
from flawflow.progress import Progress as Step
from flawflow.report.wording import duration

_STEPS = 1000


class JobsDisplay(Display):
    """Shows on stderr how far all jobs are together, with the time left, and each one that runs.

    On a terminal these are bars that vanish at the end. Elsewhere it is a plain line now and then.

    Args:
        weights: What each job takes beside the others.
        console: Where to show it.
    """

    def __init__(self, weights: Mapping[str, float], console: Console | None = None) -> None:
        super().__init__(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[said]}", style="dim"),
            console=console,
        )
        self._progress = JobsProgress(weights)
        self._all: TaskID | None = None
        self._begun = self._last_line = time.monotonic()

    def update(self, name: str, step: Step) -> None:
        """Take a step of a job."""
        self._progress.update(name, step)
        if self._bars is not None:
            if name not in self._tasks:
                self._tasks[name] = self._bars.add_task(escape(one_line(name)), total=_STEPS, said="")
            self._bars.update(
                self._tasks[name], completed=int(_STEPS * step.share), said=escape(_words(step))
            )
            self._show_all(self._bars)
        elif time.monotonic() - self._last_line >= SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            now = ", ".join(
                f"{one_line(name)}: {_words(step)}" for name, step in self._progress.steps.items()
            )
            click.echo(f"{self._together()}; now {now}", err=True)

    def end(self, name: str, sentence: str) -> None:
        """Count a job as done, and say what came of it."""
        self._progress.end(name)
        said = f"[{self._progress.ended}/{self._progress.total}] {one_line(sentence)}"
        if self._bars is None:
            click.echo(said, err=True)
            return
        if name in self._tasks:
            self._bars.remove_task(self._tasks.pop(name))
        self._bars.console.print(said, markup=False, highlight=False, soft_wrap=True)
        self._show_all(self._bars)

    def _show_all(self, bars: Progress) -> None:
        assert self._all is not None
        bars.update(self._all, completed=int(_STEPS * self._progress.share), said=self._together())

    def _together(self) -> str:
        done = f"{self._progress.ended} of {self._progress.total} done"
        left = self._progress.seconds_left(after=time.monotonic() - self._begun)
        return done if left is None else f"{done}, about {duration(left)} left"

    def __enter__(self) -> Self:
        self._begun = self._last_line = time.monotonic()
        super().__enter__()
        if self._bars is not None:
            self._all = self._bars.add_task("all", total=_STEPS, said=self._together())
        return self


def _words(step: Step) -> str:
    counted = f" {step.done:,}/{step.total:,}" if step.total else ""
    return f"{step.stage}{counted}" + (f" ({step.note})" if step.note else "")
