"""The line goes on: killed stations, many clients, a folder that goes and comes back."""

import argparse
import json
import math
import random
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from faults_clients import Line, names
from faults_station import Context, Result, Served
from station import load as load_run

_PATIENCE_SECONDS = 90


def kills(context: Context) -> Result:
    """Kill the station time and again while clients send and files come into a watched folder."""
    count, clients = (5, 4) if context.short else (20, 6)
    line, dice = Line(context.pool, clients=clients), random.Random(2021)
    allowed = context.folder / "allowed"
    (allowed / "line").mkdir(parents=True)
    files = 0
    served = context.start("--allow", str(allowed))
    _watch(served, "line")
    for _ in range(count):
        line.begin(served)
        for _ in range(5):
            files = _drop(context, allowed / "line", files)
        line.until_answered(dice.randint(3, 30))
        time.sleep(dice.uniform(0, 0.1))
        served.stop(signal.SIGKILL)
        line.end()
        served = context.start("--allow", str(allowed))
    recorded = _wait_for_files(served, files)
    twice = sum(number > 1 for number in recorded.values())
    missing = sum(f"file-{index}.png" not in recorded for index in range(files))
    lost, mixed_up = line.check(served)
    served.stop()
    with closing(sqlite3.connect(context.folder / "data" / "station.db")) as database:
        is_whole = database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    return Result(
        done=f"kill -9 × {count} under {clients} clients and a watched folder",
        seen=f"{len(line.answered):,} answered, {lost} lost, {mixed_up} mixed up; {files} files, "
        f"{missing} missing; "
        f"{twice} recorded twice; database {'whole' if is_whole else 'damaged'}",
        held=not (lost or mixed_up or missing or twice) and is_whole,
    )


def load(context: Context) -> Result:
    """Many clients with known scores: `benchmarks/station.py`."""
    seconds = 10.0 if context.short else 60.0
    options = argparse.Namespace(
        model=context.model, clients=20, seconds=seconds, count=None, keep_pictures="all"
    )
    report = load_run(options, context.pool, context.folder / "data")
    memory = [megabytes for _, megabytes in report["memory_mb"]]
    # Behind the first third: buffers grow until all clients have met.
    early, late = max(memory[: math.ceil(len(memory) / 3)]), memory[-1]
    is_flat = late < 1.2 * early + 10
    return Result(
        done=f"20 clients for {seconds:.0f} s",
        seen=f"{report['answers']:,} answered, {report['lost']} lost, {report['mixed_up']} mixed up, "
        f"{report['failed']} failed; slowest {report['slowest_ms'] / 1e3:.1f} s; memory {memory[0]:.0f} "
        "MB at the "
        f"start, {max(memory):.0f} at most, {late:.0f} at the end",
        held=not (report["lost"] or report["mixed_up"] or report["failed"]) and is_flat,
    )


def folder(context: Context) -> Result:
    """Take a watched folder away and bring it back, while the station runs and while it starts."""
    allowed, away = context.folder / "allowed", context.folder / "away"
    line = allowed / "line"
    line.mkdir(parents=True)
    served = context.start("--allow", str(allowed))
    _watch(served, "line")
    files = _drop(context, line, 0)
    _wait_for_files(served, files)
    line.rename(away)
    is_said = _wait_for_error(served)
    files = _drop(context, away, files)
    away.rename(line)
    while_running = len(_wait_for_files(served, files))
    served.stop()
    # As a share that is mounted after the station has started, and the allowed folder with it.
    allowed.rename(away)
    served = context.start("--allow", str(allowed))
    is_said = is_said and _wait_for_error(served)
    files = _drop(context, away / "line", files)
    away.rename(allowed)
    recorded = _wait_for_files(served, files)
    is_once = len(recorded) == files == sum(recorded.values())
    return Result(
        done="a watched folder gone and back, running and at the start",
        seen=f"said {'both times' if is_said else 'not each time'}; {while_running} of {2} files "
        "recorded after the "
        f"first, {len(recorded)} of {files} after the second, {'each once' if is_once else 'not each once'}",
        held=is_said and is_once,
    )


def _watch(served: Served, address: str) -> None:
    with closing(served.connect()) as connection:
        body = json.dumps({"kind": "folder", "address": address, "interval": 0.1})
        connection.request("POST", "/api/sources", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        if answer.status != 200:
            raise RuntimeError(answer.read().decode())


def _drop(context: Context, place: Path, files: int) -> int:
    """Put one more file there; gives how many there are."""
    (place / f"file-{files}.png").write_bytes(context.pool[files % len(context.pool)].content)
    return files + 1


def _wait_for_files(served: Served, files: int) -> dict[str, int]:
    """How often each file is recorded, when all are or none comes any more."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while True:
        recorded = {name: count for name, count in names(served).items() if name.startswith("file-")}
        if len(recorded) >= files or time.monotonic() > end:
            return recorded
        time.sleep(0.5)


def _wait_for_error(served: Served) -> bool:
    for _ in range(100):
        if served.get("/api/sources")[0]["error"]:
            return True
        time.sleep(0.1)
    return False
