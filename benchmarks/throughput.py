"""A folder of pictures: pictures per second against the engine's own limit, and memory as the folder grows.

    python benchmarks/throughput.py
    python benchmarks/throughput.py --model part.flaw --pictures ../shared/data/mvtec/bottle/test
    python benchmarks/throughput.py --rounds 0 --counts 100 1000 10000    # memory alone

Without a model, one is trained in a few seconds on drawn parts, and these are inspected; how well it learned
changes no time. The limit is the model's graph called in a loop on one prepared picture: by one thread with
the engine's threads on all cores, by a thread a core, or by a thread a core with one engine thread each;
the fastest counts. "inspect_many" reads, resizes, infers and judges every file, by a thread a core with one
engine thread each; "flawflow inspect" writes overlays, results and the page besides, in a new process each
time. All are alternated. Memory is the peak of a process of its own (Linux says it), which inspects the
same few pictures under many names.
"""

import argparse
import itertools
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from common import machine, quartiles, table, write_report
from flawflow import Inspector
from flawflow.images import find_images
from flawflow.inspection.inspection import Inspection
from flawflow.inspection.parallel import cores as usable_cores
from flawflow.inspection.parallel import default_workers, threads_a_worker
from flawflow.model_file import read_model
from flawflow.runtime.engine import OnnxRuntimeEngine

# What a process of its own runs: inspecting and writing nothing, or the command. At the end it says its peak
# memory in kB; the figure that the system gives its parent holds the parent's own memory too.
PROGRAMS = {
    "inspect_many": (
        "inspector = Inspector.load(sys.argv[1], threads=threads_a_worker())\n"
        "for _ in inspector.inspect_many(sorted(Path(sys.argv[2]).iterdir())): pass"
    ),
    "flawflow inspect": "main(['inspect', *sys.argv[1:3], '-o', sys.argv[3]], standalone_mode=False)",
}
_BEGINNING = """
import sys
from pathlib import Path
from flawflow import Inspector
from flawflow.cli import main
from flawflow.inspection.parallel import threads_a_worker
"""
_END = """
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(status["VmHWM"].split()[0])
"""


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as scratch:
        model = options.model or _quick_model(Path(scratch))
        given = find_images([str(options.pictures)]) if options.pictures else _drawn(Path(scratch))
        pictures = given[: options.distinct]
        speed = (
            measure_speed(model, pictures, options.speed_pictures, options.rounds) if options.rounds else []
        )
        memory = [measure_memory(model, pictures, count, way) for count in options.counts for way in PROGRAMS]
    report = {
        "machine": machine(["onnxruntime", "numpy", "pillow"]),
        "model": str(options.model or "lite0, drawn parts"),
        "pictures": str(options.pictures or "drawn parts of 256 px"),
        "speed": speed,
        "memory": memory,
    }
    write_report(options.output, report, markdown(report))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--distinct", type=int, default=50, help="different pictures among them")
    parser.add_argument("--speed-pictures", type=int, default=1000, help="pictures in a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--counts", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--output", type=Path, default=Path("runs/throughput"))
    return parser.parse_args()


def _drawn(scratch: Path) -> list[Path]:
    from flawflow.synthetic import draw_parts

    folder = scratch / "parts"
    if not folder.exists():
        draw_parts(folder, train=40, test=10)
    return find_images([str(folder / "test")])


def _quick_model(scratch: Path) -> Path:
    from flawflow import train
    from flawflow.recipe import Recipe

    _drawn(scratch)
    recipe = Recipe.of("fast", {"detector.steps": 20})
    return train(scratch / "parts", scratch / "part.flaw", recipe).model


@contextmanager
def linked(pictures: Sequence[Path], count: int) -> Iterator[Path]:
    """A folder with that many names for the pictures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "pictures"
        folder.mkdir()
        for number, picture in zip(range(count), itertools.cycle(pictures), strict=False):
            (folder / f"{number:06d}{picture.suffix}").symlink_to(picture.resolve())
        yield folder


def measure_speed(model: Path, pictures: Sequence[Path], count: int, rounds: int) -> list[dict[str, Any]]:
    """Pictures per second and how busy the cores are, of each way; the first rows are the engine's limit."""
    cores = usable_cores()
    inspector = Inspector.load(model, threads=threads_a_worker())
    spent: list[Inspection] = []

    def many(folder: Path) -> None:
        spent[:] = [
            found
            for found in inspector.inspect_many(sorted(folder.iterdir()))
            if isinstance(found, Inspection)
        ]

    with linked(pictures, count) as folder:
        ways: dict[str, Callable[[], object]] = {
            **_engine_loops(model, count, cores),
            "inspect_many": lambda: many(folder),
            "flawflow inspect": lambda: _run_alone("flawflow inspect", model, folder),
        }
        taken: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
        for _ in range(rounds):
            for way, work in ways.items():
                taken[way].append(_wall_and_cpu(work))
    rows = [_speed_row(way, pairs, count, cores) for way, pairs in taken.items()]
    best = max(row["per_second"][1] for row in rows if row["way"].startswith("engine"))
    for row in rows:
        row["share_of_limit"] = row["per_second"][1] / best
    parts = ("read", "prepare", "infer", "judge")
    steps = {part: 1e3 * float(np.median([getattr(one.timings, part) for one in spent])) for part in parts}
    next(row for row in rows if row["way"] == "inspect_many")["steps_ms"] = steps
    return rows


def _engine_loops(model: Path, count: int, cores: int) -> dict[str, Callable[[], object]]:
    content = read_model(model)
    image = np.random.default_rng(0).integers(0, 256, (1, *content.card.size, 3), dtype=np.uint8)
    whole, single = OnnxRuntimeEngine(content.graph), OnnxRuntimeEngine(content.graph, threads=1)

    def loop(engine: OnnxRuntimeEngine, callers: int) -> Callable[[], object]:
        def work() -> None:
            with ThreadPoolExecutor(callers) as pool:
                for _ in pool.map(lambda _: engine.run(image), range(count)):
                    pass

        return work

    workers = default_workers()
    return {
        f"engine, 1 caller × {cores} threads": loop(whole, 1),
        f"engine, {workers} callers sharing {cores} threads": loop(whole, workers),
        f"engine, {workers} callers × 1 thread": loop(single, workers),
    }


def _wall_and_cpu(work: Callable[[], object]) -> tuple[float, float]:
    def cpu() -> float:
        times = os.times()
        return times.user + times.system + times.children_user + times.children_system

    before, start = cpu(), time.perf_counter()
    work()
    return time.perf_counter() - start, cpu() - before


def _speed_row(way: str, taken: Sequence[tuple[float, float]], count: int, cores: int) -> dict[str, Any]:
    walls = [wall for wall, _ in taken]
    return {
        "way": way,
        "per_second": quartiles([count / wall for wall in walls]),
        "cpu_ms_per_picture": 1e3 * quartiles([cpu / count for _, cpu in taken])[1],
        "cores_busy": quartiles([cpu / wall / cores for wall, cpu in taken])[1],
    }


def _run_alone(way: str, model: Path, folder: Path) -> int:
    """Inspect a folder in a process of its own; gives its peak memory in bytes."""
    program = f"{_BEGINNING}{PROGRAMS[way]}{_END}"
    with tempfile.TemporaryDirectory() as output:
        command = [sys.executable, "-c", program, str(model), str(folder), str(Path(output) / "results")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{way} failed: {done.stderr[-2000:]}")
    return 1024 * int(done.stdout.split()[-1])


def measure_memory(model: Path, pictures: Sequence[Path], count: int, way: str) -> dict[str, Any]:
    """The peak memory of a process that inspects so many pictures, and its whole time."""
    print(f"{way}: {count} pictures", file=sys.stderr)
    with linked(pictures, count) as folder:
        start = time.perf_counter()
        peak = _run_alone(way, model, folder)
        seconds = time.perf_counter() - start
    return {"way": way, "pictures": count, "peak_megabytes": peak / 1e6, "seconds": seconds}


def markdown(report: dict[str, Any]) -> str:
    """Two tables, with where they were measured."""
    speed = [
        (
            row["way"],
            "{1:.1f} ({0:.1f}–{2:.1f})".format(*row["per_second"]),
            f"{100 * row['share_of_limit']:.0f} %",
            f"{row['cpu_ms_per_picture']:.1f}",
            f"{100 * row['cores_busy']:.0f} %",
        )
        for row in report["speed"]
    ]
    memory = [
        (row["way"], f"{row['pictures']:,}", f"{row['peak_megabytes']:.0f}", f"{row['seconds']:.1f}")
        for row in report["memory"]
    ]
    lines = [f"{report['model']}; {report['pictures']}. {'; '.join(report['machine'].values())}", ""]
    if speed:
        headings = ("way", "pictures/s (quartiles)", "of the limit", "CPU ms/picture", "cores busy")
        steps = next(row["steps_ms"] for row in report["speed"] if "steps_ms" in row)
        shown = ", ".join(f"{part} {ms:.1f}" for part, ms in steps.items())
        lines += [table(headings, speed), "", f"Within inspect_many, median ms: {shown}", ""]
    return "\n".join([*lines, table(("way", "pictures", "peak memory, MB", "s, start included"), memory)])


if __name__ == "__main__":
    main()
