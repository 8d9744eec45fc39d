"""The network is rough: connections are held, requests trickle, and people look at large pictures."""

import contextlib
import io
import json
import resource
import socket
import threading
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import numpy as np
from PIL import Image

from faults_clients import Line, send
from faults_station import Context, Result, Served, memory_watched

_MOST_BYTES = 1000
_TOKEN = "faults-" + "0123456789" * 3


def idle(context: Context) -> Result:
    """Hold many connections without a word, from the same address as the clients."""
    held, seconds = (1200, 12.0) if context.short else (1200, 60.0)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # As on many systems; the station may raise its own.
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))
    served = context.start()
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    known, fresh = (
        Line(context.pool, clients=2, pause=0.05),
        Line(context.pool, clients=2, pause=0.05, fresh=True),
    )
    known.begin(served)
    known.until_answered(4)
    sockets = []
    before = served.log.stat().st_size
    for _ in range(held):
        with contextlib.suppress(OSError):
            sockets.append(socket.create_connection(("127.0.0.1", served.port), timeout=10))
    descriptors = _descriptors(served)
    fresh.begin(served)
    time.sleep(seconds)
    for line in (known, fresh):
        line.end()
    for each in sockets:
        each.close()
    logged = served.log.stat().st_size - before
    broken = {status: known.statuses[status] + fresh.statuses[status] for status in (0, 429, 500, 503)}
    return Result(
        done=f"{len(sockets):,} idle connections for {seconds:.0f} s, from the clients' own address",
        seen=f"{len(known.answered):,} answered on old and {len(fresh.answered):,} on new connections, "
        f"{sum(broken.values())} not; {descriptors} descriptors open; {logged:,} bytes of log",
        held=not sum(broken.values()) and bool(fresh.answered) and logged < 10_000,
    )


def trickling(context: Context) -> Result:
    """Send logins, and then pictures, a byte at a time, while others inspect."""
    seconds = 12.0 if context.short else 40.0
    served = context.start("--token", _TOKEN)
    seen, is_held = [], True
    for path, count, token in (
        ("/api/login", 70, ""),
        ("/api/inspect", 70, f"Authorization: Bearer {_TOKEN}\r\n"),
    ):
        line = Line(context.pool, clients=4, token=_TOKEN)
        stop, answers = threading.Event(), Counter[str]()
        threads = [
            threading.Thread(target=_trickle, args=(served, path, token, stop, answers)) for _ in range(count)
        ]
        for thread in threads:
            thread.start()
        line.for_seconds(served, seconds)
        stop.set()
        for thread in threads:
            thread.join(30)
        told = ", ".join(f"{number} × {status}" for status, number in sorted(answers.items()))
        seen.append(
            f"{path}: {line.spread()} inspected, slowest {line.slowest:.1f} s; the {count} were told {told}"
        )
        refused = sum(number for status, number in line.statuses.items() if status != 200)
        # Uploads share their pool with other uploads of one address: those are told when to come back.
        is_held = is_held and bool(line.answered) and not line.mixed_up and not line.silent
        is_held = is_held and (refused == 0 or path == "/api/inspect")
    return Result(
        done=f"70 logins, then 70 uploads, a byte every half second for {seconds:.0f} s",
        seen="; ".join(seen),
        held=is_held,
    )


def looking(context: Context) -> Result:
    """Ask for overlays and thumbnails of large pictures, while others inspect."""
    count, pictures, seconds = (12, 2, 15.0) if context.short else (40, 5, 60.0)
    served = context.start()
    numbers = [_large_picture(served, seed) for seed in range(pictures)]
    line = Line(context.pool, clients=2)
    line.for_seconds(served, 5.0)
    quiet, line.slowest = line.slowest, 0.0
    rest = served.megabytes()
    answers = Counter[int]()
    paths = [
        f"/api/inspections/{numbers[index % pictures]}/{kind}"
        for index in range(count // 2)
        for kind in ("overlay", "picture?side=160")
    ]
    threads = [threading.Thread(target=_look, args=(served, path, answers)) for path in paths]
    with memory_watched(served) as peak:
        line.begin(served)
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        line.end()
        for thread in threads:
            thread.join(120)
    told = ", ".join(f"{times} × {status}" for status, times in sorted(answers.items()))
    grown = peak[0] - rest
    return Result(
        done=f"{count} overlays and thumbnails at once of {pictures} pictures of 20 megapixels, 2 clients",
        seen=f"{told}; memory from {rest:.0f} to {peak[0]:.0f} MB at most; slowest inspection "
        f"{line.slowest:.1f} s, {quiet:.1f} s when nobody looks; {line.spread()}",
        held=set(answers) <= {200, 503} and grown < 1500 and set(line.statuses) == {200},
    )


def _trickle(served: Served, path: str, header: str, stop: threading.Event, answers: Counter[str]) -> None:
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\n{header}"
    kind, begun = "application/json", ""
    if path == "/api/inspect":
        kind = "multipart/form-data; boundary=flaw"
        begun = '--flaw\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
    with closing(socket.create_connection(("127.0.0.1", served.port), timeout=30)) as connection:
        connection.sendall(f"{head}Content-Type: {kind}\r\nContent-Length: 5000\r\n\r\n{begun}".encode())
        connection.settimeout(0.5)
        for _ in range(_MOST_BYTES):
            if stop.is_set():
                break
            try:
                connection.sendall(b" ")
                if answer := connection.recv(4096):
                    answers[answer.split(b" ")[1].decode()] += 1
                    return
            except TimeoutError:
                continue
            except OSError:
                break
            else:
                break
        answers["still waiting" if stop.is_set() else "hung up on"] += 1


def _look(served: Served, path: str, answers: Counter[int]) -> None:
    with closing(served.connect(timeout=300)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        while answer.read(1 << 16):
            pass
        answers[answer.status] += 1


def _large_picture(served: Served, seed: int) -> int:
    pixels = np.random.default_rng(seed).integers(0, 256, (400, 500, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).resize((5000, 4000), Image.Resampling.BICUBIC).save(stream, "JPEG")
    with closing(served.connect()) as connection:
        _, _, body = send(connection, stream.getvalue(), "large.jpg")
    return int(json.loads(body)["inspections"][0]["id"])


def _descriptors(served: Served) -> int:
    return len(list(Path(f"/proc/{served.process.pid}/fd").iterdir()))
