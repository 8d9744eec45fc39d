"""Running `flawflow.server.retraining.trainer` and hearing from it."""

import contextlib
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from flawflow.server.errors import StationError
from flawflow.server.retraining.plan import Plan

COMMAND = (sys.executable, "-m", "flawflow.server.retraining.trainer")

_PATIENCE_SECONDS = 10

OnStep = Callable[[str, float], None]
"""Called with the stage and how much of the whole is done, from 0 to 1."""


class StoppedError(StationError):
    """The training was stopped from outside."""


class Training:
    """One training in a process of its own."""

    def __init__(self, plan: Plan, log: Path) -> None:
        """Do nothing yet.

        Args:
            plan: What to train.
            log: Where the process writes whatever else it has to say.
        """
        self._plan, self._log = plan, log
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._is_stopped = False

    def run(self, on_step: OnStep) -> Path:
        """Train and give the model file.

        Raises:
            StoppedError: `stop` was called.
            StationError: It failed; the sentence says why.
        """
        with self._log.open("ab") as log:
            process = self._start(log)
            try:
                last = self._listen(process, on_step)
                process.wait()
            except BaseException:
                process.kill()
                process.wait()
                raise
        if self._is_stopped:
            raise StoppedError("the training was stopped")
        if "error" in last:
            raise StationError(last["error"])
        if "model" not in last:
            raise StationError(f"{_ending(process.returncode)}; {self._log} may say why")
        return Path(last["model"])

    def stop(self) -> None:
        """End it; its unfinished work stays."""
        with self._lock:
            self._is_stopped = True
            process = self._process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()

    def _start(self, log: IO[bytes]) -> "subprocess.Popen[str]":
        with self._lock:
            if self._is_stopped:
                raise StoppedError("the training was stopped")
            self._process = subprocess.Popen(
                COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
            )
        return self._process

    def _listen(self, process: "subprocess.Popen[str]", on_step: OnStep) -> dict[str, Any]:
        assert process.stdin is not None
        assert process.stdout is not None
        last: dict[str, Any] = {}
        # Stdin stays open as long as the training may run: its end tells the process that nobody listens.
        with contextlib.suppress(BrokenPipeError), process.stdin, process.stdout:
            process.stdin.write(json.dumps(asdict(self._plan)) + "\n")
            process.stdin.flush()
            for line in process.stdout:
                last = json.loads(line)
                if "stage" in last:
                    on_step(last["stage"], last["share"])
        return last


def _ending(code: int) -> str:
    """How a training ended that has neither a model nor a sentence.

    >>> _ending(-9), _ending(3)
    ('the training was killed (SIGKILL, as when the system runs out of memory)', 'the training ended without a model (exit code 3)')
    """  # noqa: E501
    if code >= 0:
        return f"the training ended without a model (exit code {code})"
    name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
    why = ", as when the system runs out of memory" if name == "SIGKILL" else ""
    return f"the training was killed ({name}{why})"
