"""A training as a process of its own: `python -m flawflow.server.retraining.trainer`.

It reads one line of JSON from stdin, a plan, and writes lines of JSON to stdout: `{"stage", "done",
"total", "share", "note"}` for each step of progress, where the share is of the whole, and at last
`{"model": PATH}` or `{"error": SENTENCE}`. It ends at once when stdin does, so that it never outlives the
station; unfinished work is kept beside the output, and the same plan resumes it.
"""

import json
import os
import sys
import threading
from pathlib import Path
from typing import Any, TextIO

from flawflow.errors import FlawflowError, one_line
from flawflow.progress import Progress
from flawflow.server.retraining.plan import Plan

# Inspecting goes first.
_NICENESS = 10


def main() -> int:
    """Train as stdin says; gives the exit code."""
    stream = _own_stdout()
    plan = Plan.of(json.loads(sys.stdin.readline()))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    try:
        model = _train(plan, stream)
    except FlawflowError as error:
        _say(stream, error=str(error))
        return 1
    except OSError as error:
        place = f"{one_line(os.fsdecode(error.filename))}: " if error.filename else ""
        _say(stream, error=f"{place}{error.strerror or error}; what was learned is kept: fix it and retrain")
        return 1
    except MemoryError:
        _say(stream, error="memory is short; what was learned is kept: free some and retrain")
        return 1
    _say(stream, model=str(model))
    return 0


def _train(plan: Plan, stream: TextIO) -> Path:
    output = Path(plan.output)
    if output.exists():
        # Written whole or not at all, by the same plan: only the end of it was not heard of.
        return output
    from flawflow.report.suspects import write_suspects
    from flawflow.server.retraining.report import report_of, write_report
    from flawflow.training.train import train
    from flawflow.training.unfinished_work import resumed_or_begun

    def tell(step: Progress) -> None:
        _say(stream, stage=step.stage, done=step.done, total=step.total, share=step.share, note=step.note)

    def learn(*, resume: bool) -> Path:
        result = train(plan.data, output, plan.recipe, resume=resume, on_progress=tell)
        write_suspects(output, result.suspects, excluded=plan.recipe.exclude_suspects)
        write_report(output, report_of(result))
        return result.model

    # Of an earlier flawflow, say, it is kept beside.
    return resumed_or_begun(learn)


def _own_stdout() -> TextIO:
    """Keep stdout for progress; whatever a library prints goes to stderr."""
    own = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    return own


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(3)


def _say(stream: TextIO, **values: Any) -> None:
    stream.write(json.dumps(values) + "\n")
    stream.flush()


if __name__ == "__main__":
    sys.exit(main())
