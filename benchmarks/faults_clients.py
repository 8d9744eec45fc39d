"""The clients of benchmarks/faults.py: what they send, and what became of it."""

import csv
import http.client
import io
import json
import threading
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field

from faults_station import Served
from station_clients import Expected, look_up

# Whatever a run forgets, its clients end.
_MOST_SECONDS, _MOST_PICTURES = 600, 50_000


def send(
    connection: http.client.HTTPConnection, content: bytes, name: str, token: str | None = None
) -> tuple[int, http.client.HTTPMessage, bytes]:
    """Have a picture inspected; gives status, headers and body."""
    head = f'--flaw\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=flaw"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    connection.request("POST", "/api/inspect", head.encode() + content + b"\r\n--flaw--\r\n", headers)
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read()


@dataclass
class Line:
    """Clients that send one picture after the other, each under a name of its own, until told to stop.

    Attributes:
        answered: (name, id, index of the picture).
        statuses: How many answers had which status; 0 where the connection broke.
        mixed_up: Answers that belong to another picture.
        slowest: Seconds of the slowest answer.
        silent: Refusals (429, 503) without a Retry-After.
    """

    pool: list[Expected]
    clients: int = 4
    token: str | None = None
    pause: float = 0.0
    fresh: bool = False
    answered: list[tuple[str, int, int]] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    mixed_up: int = 0
    silent: int = 0
    slowest: float = 0.0
    _count: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _threads: list[threading.Thread] = field(default_factory=list)

    def begin(self, served: Served) -> None:
        """Send until `end`, or until the station is killed."""
        self._stop.clear()
        self._threads = [threading.Thread(target=self._run, args=(served,)) for _ in range(self.clients)]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Let the last pictures be answered."""
        self._stop.set()
        for thread in self._threads:
            thread.join(120)

    def for_seconds(self, served: Served, seconds: float) -> None:
        """Send for some time."""
        self.begin(served)
        time.sleep(seconds)
        self.end()

    def until_answered(self, count: int, seconds: float = 60) -> None:
        """Wait for so many more answers, for so long at most."""
        wanted, end = len(self.answered) + count, time.monotonic() + seconds
        while len(self.answered) < wanted and time.monotonic() < end:
            time.sleep(0.01)

    def _run(self, served: Served) -> None:
        connection, end = served.connect(), time.monotonic() + _MOST_SECONDS
        while not self._stop.wait(self.pause) and self._count < _MOST_PICTURES and time.monotonic() < end:
            with self._lock:
                self._count += 1
                name, index = f"{self._count}.png", self._count % len(self.pool)
            try:
                self._send(connection, name, index)
            except (OSError, http.client.HTTPException):
                self.statuses[0] += 1
                connection.close()
                if served.process.poll() is not None:
                    return
            if self.fresh:
                connection.close()
        connection.close()

    def _send(self, connection: http.client.HTTPConnection, name: str, index: int) -> None:
        expected, started = self.pool[index], time.perf_counter()
        status, headers, body = send(connection, expected.content, name, self.token)
        with self._lock:
            self.slowest = max(self.slowest, time.perf_counter() - started)
            self.statuses[status] += 1
            if status == 200:
                (found,) = json.loads(body)["inspections"]
                self.answered.append((name, found["id"], index))
                is_own = (found["score"], found["sha256"]) == (expected.score, expected.sha256)
                self.mixed_up += not is_own
                return
        if status in (429, 503):
            self.silent += "Retry-After" not in headers
            self._stop.wait(min(float(headers.get("Retry-After", 1)), 2.0))

    def check(self, served: Served) -> tuple[int, int]:
        """Look all answers up; gives (lost, mixed up), maps included."""
        answered = [(number, index) for _, number, index in self.answered]
        lost, foreign = look_up(served.port, answered, self.pool)
        return lost, foreign + self.mixed_up

    def spread(self) -> str:
        """The statuses in words."""
        return ", ".join(
            f"{count:,} × {status or 'broken off'}" for status, count in sorted(self.statuses.items())
        )


def names(served: Served) -> Counter[str]:
    """How often each name is in the record."""
    with closing(served.connect()) as connection:
        connection.request("GET", "/api/export?format=csv")
        text = connection.getresponse().read().decode()
    return Counter(row["path"] for row in csv.DictReader(io.StringIO(text)))
