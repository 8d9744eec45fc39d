"""A station under load: N clients, for T seconds or C inspections, on loopback against a real server.

    python benchmarks/station.py part.flaw PICTURES…
    python benchmarks/station.py part.flaw PICTURES… --clients 20 --seconds 300
    python benchmarks/station.py part.flaw PICTURES… --clients 20 --count 20000

Each client sends one picture after the other, each with a mark of its own in a corner, so that no two
pictures are alike, and checks of every answer that its score is what the engine gives for that very picture.
At the end every answered inspection is looked up in the record, and its map compared with the engine's.

The engine's own throughput is taken in a process of its own, before and after, on the same encoded
pictures with as many workers, from bytes to verdict. Two shares of it are given:

- plain: inspections a second of the station over those of the engine. Clients run on the same machine and
  take their part of it.
- by processor time: what an inspection takes of the engine over what it takes of the whole server process,
  threads and system calls included. It is what the plain share comes to where clients have a machine of
  their own and the cores are all that is short.
"""

import argparse
import io
import json
import math
import multiprocessing
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from PIL import Image

from flawflow.images import find_images, read_image
from flawflow.inspection.inspector import Inspector
from flawflow.inspection.parallel import default_workers, in_order
from flawflow.report.heatmap import colormap_levels
from flawflow.storage.files import write_whole
from station_clients import Expected, digest, look_up, send

_POOL = 24
_MARK = 8
_RUN = "from flawflow.cli import main; main()"


def main() -> None:
    options = _options()
    inspector = Inspector.load(options.model, threads=1)
    pool = make_pool(inspector, [str(picture) for picture in options.pictures])
    print(f"{len(pool)} pictures, {sum(len(each.content) for each in pool) / len(pool) / 1e3:.0f} kB each")
    before = engine_alone(options.model, pool, options.engine_seconds)
    with tempfile.TemporaryDirectory(prefix="flawflow-station-") as data:
        report = load(options, pool, Path(data))
    after = engine_alone(options.model, pool, options.engine_seconds)
    report["engine_per_second"] = [before[0], after[0]]
    report["engine_processor_ms"] = 5e2 * (before[1] + after[1])
    report["share_of_engine"] = report["per_second"] / statistics.fmean((before[0], after[0]))
    station_ms = 1e3 * report["server_processor_seconds"] / report["answers"]
    report["share_by_processor_time"] = report["engine_processor_ms"] / station_ms
    text = markdown(report)
    print(text)
    options.output.mkdir(parents=True, exist_ok=True)
    write_whole(options.output / "station.json", json.dumps(report, indent=1) + "\n")
    write_whole(options.output / "station.md", text + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("pictures", type=Path, nargs="+", help="files, folders or patterns")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=float, help="how long; 20, where no --count is given")
    parser.add_argument("--count", type=int, help="end after so many inspections")
    parser.add_argument("--engine-seconds", type=float, default=5.0)
    parser.add_argument("--keep-pictures", choices=("all", "ng", "none"), default="all")
    parser.add_argument("--output", type=Path, default=Path("runs/station"))
    options = parser.parse_args()
    if options.seconds is None:
        options.seconds = 20.0 if options.count is None else math.inf
    return options


def make_pool(inspector: Inspector, patterns: list[str]) -> list[Expected]:
    """Marked pictures, encoded as they came, and what the engine says of each."""
    paths = find_images(patterns)
    pool = []
    for index in range(_POOL):
        path = paths[index % len(paths)]
        pixels = read_image(path)
        # The mark is what tells two answers apart where the same picture was sent twice.
        pixels[:_MARK, _MARK * index % pixels.shape[1] :][:, :_MARK] = 255 - pixels[0, 0]
        stream = io.BytesIO()
        if path.suffix.lower() in (".jpg", ".jpeg"):
            Image.fromarray(pixels).save(stream, "JPEG", quality=95)
        else:
            Image.fromarray(pixels).save(stream, "PNG")
        found = inspector.inspect(stream.getvalue())
        levels = colormap_levels(found.graph_map, inspector.card.colormap_range)
        pool.append(
            Expected(stream.getvalue(), digest(stream.getvalue()), found.score, digest(levels.tobytes()))
        )
    return pool


def engine_alone(model: Path, pool: list[Expected], seconds: float) -> tuple[float, float]:
    """The engine alone, from bytes to verdict: pictures a second, and processor seconds a picture."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        contents = [each.content for each in pool]
        return process.submit(_engine, model, contents, seconds).result()


def _engine(model: Path, contents: list[bytes], seconds: float) -> tuple[float, float]:
    inspector = Inspector.load(model, threads=1)

    def endless() -> Any:
        while time.perf_counter() < end:
            yield from contents

    end = time.perf_counter() + 1.0
    for _ in in_order(inspector.inspect, endless(), workers=default_workers()):
        pass
    start, processor = time.perf_counter(), time.process_time()
    end = start + seconds
    count = sum(1 for _ in in_order(inspector.inspect, endless(), workers=default_workers()))
    return count / (time.perf_counter() - start), (time.process_time() - processor) / count


def load(options: argparse.Namespace, pool: list[Expected], data: Path) -> dict[str, Any]:
    """Serve, send, watch the memory, and look up every answer."""
    command = [
        *(sys.executable, "-c", _RUN, "serve", str(options.model), "--data", str(data), "--port", "0"),
        *("--keep-pictures", options.keep_pictures),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        found = re.search(r":(\d+)/", server.stdout.readline())
        assert found is not None, "the station did not start"
        port = int(found.group(1))
        processor = _processor_seconds(server.pid)
        progress_counter, memory = send(options, pool, server.pid, port)
        processor = _processor_seconds(server.pid) - processor
        elapsed = progress_counter.end - progress_counter.start
        lost, foreign = look_up(port, progress_counter.answered, pool)
        server.send_signal(signal.SIGTERM)
        server.wait(60)
    quantiles = statistics.quantiles(progress_counter.seconds, n=1000)
    return {
        "clients": options.clients,
        "seconds": elapsed,
        "answers": len(progress_counter.answered),
        "per_second": len(progress_counter.answered) / elapsed,
        "milliseconds": {f"p{share / 10:g}": 1e3 * quantiles[share - 1] for share in (500, 900, 990, 999)},
        "slowest_ms": 1e3 * max(progress_counter.seconds),
        "busy": progress_counter.busy,
        "failed": progress_counter.failed,
        "mixed_up": progress_counter.wrong + foreign,
        "lost": lost,
        "memory_mb": memory,
        "server_processor_seconds": processor,
        "client_processor_seconds": progress_counter.processor_seconds,
        "cores": os.cpu_count(),
    }


def _processor_seconds(process: int) -> float:
    ticks = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def markdown(report: dict[str, Any]) -> str:
    """The table."""
    latency = ", ".join(f"{name} {value:.0f}" for name, value in report["milliseconds"].items())
    memory = [value for _, value in report["memory_mb"]]
    server, clients = (
        1e3 * report[f"{side}_processor_seconds"] / report["answers"] for side in ("server", "client")
    )
    rows = {
        "clients, seconds": f"{report['clients']}, {report['seconds']:.0f}",
        "answered inspections": f"{report['answers']:,}",
        "a second": f"{report['per_second']:.1f}",
        "engine alone, before and after": " and ".join(f"{each:.1f}" for each in report["engine_per_second"]),
        "share of the engine, plain": f"{100 * report['share_of_engine']:.0f} %",
        "share of the engine, by processor time": f"{100 * report['share_by_processor_time']:.0f} %",
        "latency, ms": f"{latency}, slowest {report['slowest_ms']:.0f}",
        "503, failed": f"{report['busy']}, {report['failed']}",
        "mixed up, lost": f"{report['mixed_up']}, {report['lost']}",
        "memory at the start, in the middle, at the end, largest, MB": ", ".join(
            f"{value:.0f}" for value in (memory[0], memory[len(memory) // 2], memory[-1], max(memory))
        ),
        "processor ms an inspection: station, clients, engine": f"{server:.1f}, {clients:.1f}, "
        f"{report['engine_processor_ms']:.1f} ({report['cores']} cores)",
    }
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items())])


if __name__ == "__main__":
    main()
