import io

import pytest
from rich.console import Console

from flawflow.cli import progress as progress_module
from flawflow.cli.progress import ProgressDisplay


class Clock:
    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progress_module, "time", clock)
    return clock


def test_a_log_gets_a_line_now_and_then_with_the_time_left(clock: Clock):
    log = io.StringIO()
    with ProgressDisplay(Console(file=log, force_terminal=False)) as display:
        for done in range(1, 101):
            display.update("features", done, 100)
            clock.now += 1.0
        display.update("writing", 0, 0, "part.flaw")
    lines = log.getvalue().splitlines()
    assert lines[0] == "features: 1/100"
    assert lines[1] == "features: 16/100, 1:24 left"
    assert lines[-2] == "features: 100/100"
    assert lines[-1] == "writing: 0 (part.flaw)"
    assert len(lines) == 9


def test_a_terminal_gets_bars_that_vanish():
    terminal = io.StringIO()
    console = Console(file=terminal, force_terminal=True, width=80, _environ={"TERM": "xterm"})
    with ProgressDisplay(console) as display:
        display.update("features", 3, 10)
        display.update("scale 1", 1, 10, "loss 0.5")
        display.update("scale 1", 2, 0)
    assert "features" in terminal.getvalue()
    # The cursor is shown again and the bars' lines are cleared.
    assert terminal.getvalue().endswith("\x1b[2K")
