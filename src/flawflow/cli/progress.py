"""Progress that a person can watch, and that a log file can bear."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

SECONDS_BETWEEN_LINES = 15.0
"""A log gets a line at most so often, within one stage."""


class Display:
    """Bars on a terminal that vanish at the end; where there are none, `_bars` is None.

    Args:
        columns: Of each bar.
        console: Where to show them; stderr where it is not given.
    """

    def __init__(self, *columns: ProgressColumn, console: Console | None) -> None:
        self._columns = columns
        self._console = console or Console(stderr=True)
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._bars = Progress(*self._columns, console=self._console, transient=True)
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bars is not None:
            self._bars.stop()
            self._bars = None


class ProgressDisplay(Display):
    """Shows how far each stage of a work is, with the time left, on stderr.

    On a terminal these are bars that vanish at the end. Elsewhere it is a plain line now and then.
    """

    def __init__(self, console: Console | None = None) -> None:
        super().__init__(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[note]}", style="dim"),
            console=console,
        )
        # When a stage was first heard of, and how much of it was done then.
        self._begun: dict[str, tuple[float, int]] = {}
        self._last_line = 0.0

    def update(self, stage: str, done: int, total: int, note: str = "") -> None:
        """Say that `done` of `total` steps of a stage are done.

        Args:
            stage: The stage's name; a new name begins a new bar.
            done: Steps done.
            total: All steps; 0 where nobody knows.
            note: What else is worth seeing, such as a loss.
        """
        if self._bars is not None:
            self._update_bar(self._bars, stage, done, total, note)
        else:
            self._print_line(stage, done, total, note)

    def _update_bar(self, bars: Progress, stage: str, done: int, total: int, note: str) -> None:
        if stage not in self._tasks:
            self._tasks[stage] = bars.add_task(stage, total=None, note="")
        bars.update(self._tasks[stage], completed=done, total=total or None, note=note)

    def _print_line(self, stage: str, done: int, total: int, note: str) -> None:
        now = time.monotonic()
        is_new = stage not in self._begun
        begun, first = self._begun.setdefault(stage, (now, done))
        is_last = total > 0 and done >= total
        if not (is_new or is_last or now - self._last_line >= SECONDS_BETWEEN_LINES):
            return
        self._last_line = now
        line = f"{stage}: {done}/{total}" if total else f"{stage}: {done}"
        if first < done < total:
            line += f", {_clock((now - begun) * (total - done) / (done - first))} left"
        if note:
            line += f" ({note})"
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
