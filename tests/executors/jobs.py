"""Work that executors are tried with; processes import it."""

import os
import signal
import time
from pathlib import Path

from flawflow.errors import DatasetError
from flawflow.progress import OnProgress, Progress


def square(number: int, on_progress: OnProgress) -> int:
    on_progress(Progress("Squaring", 1, 2))
    return number * number


def fail(kind: str, on_progress: OnProgress) -> None:
    if kind == "data":
        raise DatasetError("the folder is empty: add pictures")
    if kind == "disk":
        raise OSError(28, "No space left on device", "/data/part")
    raise KeyError(kind)


def die_once(mark: Path, on_progress: OnProgress) -> str:
    """Be killed at the first try, as by a machine that has no more memory; end at the second."""
    if mark.exists():
        return "done"
    mark.touch()
    os.kill(os.getpid(), signal.SIGKILL)
    return "never"


def die(mark: Path, on_progress: OnProgress) -> None:
    with mark.open("a") as tries:
        tries.write("x")
    os.kill(os.getpid(), signal.SIGKILL)


def wait_for(other: Path, own: Path, on_progress: OnProgress) -> bool:
    """End once the other job has begun: only jobs that run side by side end."""
    own.touch()
    until = time.monotonic() + 60
    while not other.exists():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


def sleep(own: Path, on_progress: OnProgress) -> None:
    """Work for an hour; remove a half-written file on the way out."""
    half = own.with_suffix(".part")
    half.touch()
    try:
        own.touch()
        for second in range(36_000):
            on_progress(Progress("Sleeping", second, 36_000))
            time.sleep(0.1)
    finally:
        half.unlink()


def environment(on_progress: OnProgress) -> tuple[str, str]:
    return os.environ.get("CUDA_VISIBLE_DEVICES", ""), os.environ.get("OMP_NUM_THREADS", "")
