import io

import pytest
from rich.console import Console

from flawflow.cli import jobs_display
from flawflow.cli.jobs_display import JobsDisplay
from flawflow.progress import Progress


def test_a_log_gets_a_line_now_and_then(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    now = [0.0]
    monkeypatch.setattr(jobs_display.time, "monotonic", lambda: now[0])
    with JobsDisplay({"bottle": 1.0, "grid": 3.0}, Console(file=io.StringIO())) as display:
        for second in (1, 14, 16, 17):
            now[0] = float(second)
            display.update("grid", Progress("Flows", second, 32, "scale 1"))
        display.end("grid", "grid: done\nin time")
    said = capsys.readouterr().err.splitlines()
    # Of the weight of both, three eighths are done after 16 seconds.
    assert said == [
        "0 of 2 done, about 27 seconds left; now grid: Flows 16/32 (scale 1)",
        "[1/2] grid: done\\nin time",
    ]


def test_a_terminal_gets_a_bar_of_all_and_one_of_each_that_runs():
    text = io.StringIO()
    console = Console(file=text, force_terminal=True, width=120)
    with JobsDisplay({"bottle": 1.0, "[grid]": 3.0}, console) as display:
        display.update("[grid]", Progress("Flows", 1, 2))
        display.end("bottle", "bottle: [done]")
    shown = text.getvalue()
    for part in ("0 of 2 done", "1 of 2 done", "[grid]", "Flows 1/2", "[1/2] bottle: [done]", " 50 %"):
        assert part in shown
