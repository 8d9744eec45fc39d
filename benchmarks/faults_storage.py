"""Nothing can be written: a full disk, a locked or damaged database, PostgreSQL that restarts."""

import os
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from faults_clients import Line, names
from faults_station import Context, Result, Skipped

_DISK_MEGABYTES = 48


def full_disk(context: Context) -> Result:
    """Fill a small disk while clients send, then make room."""
    with _small_disk(context.folder / "disk") as disk:
        served = context.start(data=disk / "data")
        line = Line(context.pool, clients=4)
        line.for_seconds(served, 3.0)
        before = len(line.answered)
        filler = disk / "filler"
        _fill(filler)
        line.for_seconds(served, 8.0 if context.short else 20.0)
        while_full = len(line.answered) - before
        filler.unlink()
        line.begin(served)
        line.until_answered(20)
        line.end()
        after = len(line.answered) - before - while_full
        lost, mixed_up = line.check(served)
        extra = sum(names(served).values()) - len(line.answered)
        context.close()
    return Result(
        done=f"a disk of {_DISK_MEGABYTES} MB filled under 4 clients, then room made",
        seen=f"{before:,} answered before, {while_full} while full, {after} after; {line.spread()}, "
        f"{line.silent} "
        f"refusals without Retry-After; {lost} lost, {mixed_up} mixed up, {extra} recorded without an answer",
        held=not (lost or mixed_up or line.silent or extra)
        and after > 0
        and set(line.statuses) <= {200, 503},
    )


def locked(context: Context) -> Result:
    """Hold the database's lock from another process while clients send."""
    seconds = 8.0 if context.short else 20.0
    served = context.start()
    line = Line(context.pool, clients=4)
    line.for_seconds(served, 2.0)
    before = len(line.answered)
    with closing(sqlite3.connect(context.folder / "data" / "station.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        line.begin(served)
        time.sleep(seconds)
        while_locked = len(line.answered) - before
        other.execute("ROLLBACK")
    line.until_answered(20)
    line.end()
    after = len(line.answered) - before - while_locked
    lost, mixed_up = line.check(served)
    twice = sum(count > 1 for count in names(served).values())
    return Result(
        done=f"the database locked by another process for {seconds:.0f} s under 4 clients",
        seen=f"{before:,} answered before, {while_locked} while locked, {after} after; {line.spread()}; "
        f"{lost} lost, "
        f"{mixed_up} mixed up, {twice} recorded twice",
        held=not (lost or mixed_up or twice or line.silent)
        and after > 0
        and set(line.statuses) <= {200, 503},
    )


def corrupt(context: Context) -> Result:
    """Damage the database, at its beginning and then in the middle, and start."""
    served = context.start()
    line = Line(context.pool, clients=2)
    line.for_seconds(served, 3.0)
    served.stop()
    path = context.folder / "data" / "station.db"
    whole = path.read_bytes()
    seen, is_held = [], True
    for name, place in (("head", 0), ("middle", len(whole) // 2)):
        damaged = whole[:place] + os.urandom(8192) + whole[place + 8192 :]
        path.write_bytes(damaged)
        try:
            again = context.start()
        except RuntimeError as error:
            said = str(error).partition(": ")[2].strip().splitlines()
            is_sentence = len(said) == 1 and said[0].startswith("flawflow: ")
            seen.append(f"{name}: refused in {'one sentence' if is_sentence else f'{len(said)} lines'}")
            is_held = is_held and is_sentence
        else:
            line.for_seconds(again, 3.0)
            seen.append(f"{name}: started; {line.spread()}")
            is_held = is_held and set(line.statuses) <= {200, 503}
            again.stop()
        if name == "head":
            is_kept = path.read_bytes() == damaged
            seen.append("the file left as it was" if is_kept else "the file changed")
            is_held = is_held and is_kept
        (context.folder / "data.log").unlink()
    pictures = sum(1 for _ in (context.folder / "data" / "pictures").glob("*/*"))
    seen.append(f"{pictures} of {len(line.answered)} pictures still there")
    return Result(
        done="8 KiB of station.db overwritten at a time, then a start",
        seen="; ".join(seen),
        held=is_held and pictures >= len(line.answered),
    )


def postgresql(context: Context) -> Result:
    """Restart PostgreSQL while clients send."""
    restarts = 2 if context.short else 5
    with _postgresql() as (url, control):
        served = context.start(environment={"FLAWFLOW_DATABASE": url})
        line = Line(context.pool, clients=4)
        line.begin(served)
        for _ in range(restarts):
            line.until_answered(20)
            control("stop", "-m", "immediate")
            time.sleep(2.0)
            control("start")
        line.until_answered(20)
        line.end()
        lost, mixed_up = line.check(served)
        twice = sum(count > 1 for count in names(served).values())
        context.close()
    return Result(
        done=f"PostgreSQL stopped at once and started {restarts} times under 4 clients",
        seen=f"{line.spread()}, {line.silent} refusals without Retry-After; {lost} lost, {mixed_up} "
        f"mixed up, {twice} "
        "recorded twice",
        held=not (lost or mixed_up or twice or line.silent) and set(line.statuses) <= {200, 503},
    )


@contextmanager
def _small_disk(place: Path) -> Iterator[Path]:
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={_DISK_MEGABYTES}m", "tmpfs", str(place)]
    mount = shutil.which("mount")
    if mount is None or subprocess.run(command, capture_output=True, check=False).returncode:
        raise Skipped("a small tmpfs cannot be mounted here (it takes root)")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def _fill(filler: Path) -> None:
    with filler.open("wb", buffering=0) as file:
        try:
            for _ in range(16 * _DISK_MEGABYTES):
                file.write(bytes(1 << 16))
        except OSError:
            return


@contextmanager
def _postgresql() -> Iterator[tuple[str, "_Control"]]:
    """A server of our own: its URL, and what starts and stops it."""
    initdb, pg_ctl = shutil.which("initdb"), shutil.which("pg_ctl")
    if initdb is None or pg_ctl is None:
        raise Skipped("there is no PostgreSQL here")
    folder = Path(tempfile.mkdtemp(prefix="flawflow-postgres-"))
    # PostgreSQL does not run as root.
    user = "nobody" if os.geteuid() == 0 else None
    if user is not None:
        shutil.chown(folder, user)
    control = _Control(pg_ctl, folder, user)
    control.run(initdb, "-D", str(folder / "data"), "-U", "flawflow", "-A", "trust")
    control("start")
    try:
        yield f"postgresql+pg8000://flawflow@/postgres?unix_sock={folder}/.s.PGSQL.5432", control
    finally:
        control("stop", "-m", "immediate")
        shutil.rmtree(folder, ignore_errors=True)


class _Control:
    def __init__(self, pg_ctl: str, folder: Path, user: str | None) -> None:
        self._pg_ctl, self._folder, self._user = pg_ctl, folder, user

    def __call__(self, verb: str, *options: str) -> None:
        settings = f"-c listen_addresses='' -c unix_socket_directories={self._folder} -c fsync=off"
        start = ("-o", settings) if verb == "start" else ()
        self.run(self._pg_ctl, "-D", str(self._folder / "data"), *start, *options, "-w", verb)

    def run(self, *command: str) -> None:
        quiet = subprocess.DEVNULL
        subprocess.run(
            command, check=True, stdout=quiet, stderr=quiet, user=self._user, cwd=self._folder, timeout=120
        )
