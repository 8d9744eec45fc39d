"""The stations and clients of benchmarks/faults.py."""

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from station_clients import Expected

_RUN = "from flawflow.cli import main; main()"
_START_SECONDS = 120


class Skipped(Exception):  # noqa: N818  # no error
    """A run that cannot be done here, and why."""


@dataclass(frozen=True)
class Result:
    """What a run did and saw; `held` is None where it was skipped."""

    done: str
    seen: str
    held: bool | None


@dataclass
class Context:
    """What a run works with.

    Attributes:
        model: The model file.
        pool: Pictures and what the engine says of them.
        folder: Its own.
        short: Whether to do less.
    """

    model: Path
    pool: list[Expected]
    folder: Path
    short: bool
    _started: list["Served"] = field(default_factory=list)

    def start(
        self, *options: str, data: Path | None = None, environment: dict[str, str] | None = None
    ) -> "Served":
        """Start a station, which ends with the run."""
        served = Served(self.model, data or self.folder / "data", options, environment or {})
        self._started.append(served)
        return served

    def close(self) -> None:
        """End all stations."""
        for served in self._started:
            served.stop(signal.SIGKILL)


class Served:
    """A station in a process of its own; what it writes is in `log`."""

    def __init__(
        self, model: Path, data: Path, options: tuple[str, ...], environment: dict[str, str]
    ) -> None:
        data.parent.mkdir(parents=True, exist_ok=True)
        self.log = data.parent / f"{data.name}.log"
        self._greeting = data.parent / f"{data.name}.greeting"
        command = [
            sys.executable,
            "-u",
            "-c",
            _RUN,
            "serve",
            str(model),
            "--data",
            str(data),
            "--port",
            "0",
            *options,
        ]
        with self.log.open("ab") as log, self._greeting.open("wb") as greeting:
            self.process = subprocess.Popen(
                command, stdout=greeting, stderr=log, env=os.environ | {"OMP_NUM_THREADS": "1"} | environment
            )
        self.port = self._wait_for_port()

    def _wait_for_port(self) -> int:
        for _ in range(20 * _START_SECONDS):
            if found := re.search(r":(\d+)/", self._greeting.read_text("utf-8")):
                return int(found.group(1))
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise RuntimeError(f"the station did not start: {self.log.read_text('utf-8')[-500:]}")

    def stop(self, number: int = signal.SIGTERM) -> None:
        """End it and wait for its end; may be called again."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.wait(60)

    def connect(self, timeout: float = 60) -> http.client.HTTPConnection:
        """A client's connection."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def get(self, path: str) -> Any:
        """Ask for JSON."""
        with closing(self.connect()) as connection:
            connection.request("GET", path)
            return json.loads(connection.getresponse().read())

    def megabytes(self) -> float:
        """Resident memory."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextlib.contextmanager
def memory_watched(served: Served) -> Any:
    """Give a list that holds the largest resident memory, MB, at the end."""
    peak, stop = [served.megabytes()], threading.Event()

    def watch() -> None:
        while not stop.wait(0.02):
            with contextlib.suppress(OSError):
                peak[0] = max(peak[0], served.megabytes())

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peak
    finally:
        stop.set()
        thread.join()
