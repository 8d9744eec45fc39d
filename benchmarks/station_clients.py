"""The clients of the benchmark of a station (benchmarks/station.py): what they send, see and look up."""

import argparse
import hashlib
import http.client
import io
import json
import math
import multiprocessing
import os
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from flawflow.inspection.parallel import in_order

_PROCESSES = 4


@dataclass(frozen=True)
class Expected:
    """A picture and what the engine says of it: its score, and the digest of its map's levels."""

    content: bytes
    sha256: str
    score: float
    map_sha256: str


@dataclass
class ProgressCounter:
    """What a process of clients saw; `answered` holds (id, index of the picture)."""

    seconds: list[float] = field(default_factory=list)
    busy: int = 0
    wrong: int = 0
    failed: int = 0
    answered: list[tuple[int, int]] = field(default_factory=list)
    processor_seconds: float = 0.0
    start: float = math.inf
    end: float = 0.0

    def add(self, other: "ProgressCounter") -> None:
        """Take over what another process saw."""
        self.seconds += other.seconds
        self.answered += other.answered
        self.busy += other.busy
        self.wrong += other.wrong
        self.failed += other.failed
        self.processor_seconds += other.processor_seconds
        self.start, self.end = min(self.start, other.start), max(self.end, other.end)


def digest(content: bytes) -> str:
    """SHA-256 as hex digits."""
    return hashlib.sha256(content).hexdigest()


def send(
    options: argparse.Namespace, pool: list[Expected], server: int, port: int
) -> tuple[ProgressCounter, list[tuple[float, float]]]:
    """Run the clients; gives what they saw and (seconds, megabytes) of the server over time."""
    processes = min(_PROCESSES, options.clients)
    shares = [len(range(index, options.clients, processes)) for index in range(processes)]
    each = math.inf if options.count is None else math.ceil(options.count / options.clients)
    limits = options.seconds, each
    start = time.perf_counter()
    memory = []
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as workers:
        futures = [
            workers.submit(_clients, port, pool, share, limits, index) for index, share in enumerate(shares)
        ]
        while not all(future.done() for future in futures):
            memory.append((round(time.perf_counter() - start, 1), round(_megabytes(server), 1)))
            time.sleep(0.5)
    total = ProgressCounter()
    for future in futures:
        total.add(future.result())
    return total, memory


def _clients(
    port: int, pool: list[Expected], count: int, limits: tuple[float, float], seed: int
) -> ProgressCounter:
    """Several clients in one process, each with a connection; `limits`: seconds, answers of each."""
    used = _own_processor_seconds()
    progress_counter = ProgressCounter(start=time.time())
    seconds, most = limits
    end = time.perf_counter() + seconds

    def run(index: int) -> None:
        _client(port, pool, end, most, progress_counter, seed=1000 * seed + index)

    for _ in in_order(run, range(count), workers=count):
        pass
    progress_counter.end = time.time()
    progress_counter.processor_seconds = _own_processor_seconds() - used
    return progress_counter


def _client(
    port: int, pool: list[Expected], end: float, most: float, progress_counter: ProgressCounter, *, seed: int
) -> None:
    order = np.random.default_rng(seed)
    got = 0
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        while time.perf_counter() < end and got < most:
            index = int(order.integers(len(pool)))
            expected = pool[index]
            start = time.perf_counter()
            status, headers, answer = _ask(connection, "POST", "/api/inspect", _form(expected.content))
            seconds = time.perf_counter() - start
            if status == 503:
                progress_counter.busy += 1
                time.sleep(float(headers["Retry-After"]))
            elif status != 200:
                progress_counter.failed += 1
            else:
                got += 1
                progress_counter.seconds.append(seconds)
                (found,) = json.loads(answer)["inspections"]
                progress_counter.answered.append((found["id"], index))
                progress_counter.wrong += (found["score"], found["sha256"]) != (
                    expected.score,
                    expected.sha256,
                )


def _form(content: bytes) -> bytes:
    head = b'--flaw\r\nContent-Disposition: form-data; name="files"; filename="part.png"\r\n\r\n'
    return head + content + b"\r\n--flaw--\r\n"


def _ask(
    connection: http.client.HTTPConnection, method: str, path: str, body: bytes | None = None
) -> tuple[int, http.client.HTTPMessage, bytes]:
    kind = {"Content-Type": "multipart/form-data; boundary=flaw"} if body else {}
    connection.request(method, path, body, kind)
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read()


def look_up(port: int, answered: list[tuple[int, int]], pool: list[Expected]) -> tuple[int, int]:
    """How many answered inspections have no record, or one id with another, and how many another's map."""
    lost, foreign = len(answered) - len({number for number, _ in answered}), 0
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        for number, index in answered:
            status, answer = _patiently(connection, f"/api/inspections/{number}")
            if status != 200 or json.loads(answer)["sha256"] != pool[index].sha256:
                lost += 1
                continue
            status, png = _patiently(connection, f"/api/inspections/{number}/map")
            levels = np.asarray(Image.open(io.BytesIO(png)))
            foreign += digest(levels.tobytes()) != pool[index].map_sha256
    return lost, foreign


def _patiently(connection: http.client.HTTPConnection, path: str) -> tuple[int, bytes]:
    """Ask until the rate limit lets the request through."""
    while (found := _ask(connection, "GET", path))[0] == 429:
        time.sleep(float(found[1]["Retry-After"]))
    return found[0], found[2]


def _megabytes(process: int) -> float:
    """Resident memory."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _own_processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
