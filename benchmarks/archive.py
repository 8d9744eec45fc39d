"""An archive in a store beside a folder on the disk: pictures per second, processor time, and memory.

    python benchmarks/archive.py part.flaw ../shared/data/mvtec/bottle/train/good
    python benchmarks/archive.py part.flaw ../shared/data/mvtec/bottle/train/good --rounds 0    # memory alone

The store is an S3 server (moto) in a process of its own on the last core; `flawflow inspect` has the first
core, so that what the store computes is not counted as what reading from it costs. Both are done in turn, in
a new process each time, with the same results but for where they go: records as JSON lines and as Parquet.
The rate is between the times of the first and the last record, so that starting does not count; processor
time is of the whole process, the store's work left out.

For memory the listing is simulated: names come from a loop, and are frozen into shards on the disk. What
is inspected is one picture under many names, from memory.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from common import machine, table
from flawflow.images import find_images

SERVER = "import sys; from moto.server import main; main(['-H', '127.0.0.1', '-p', sys.argv[1]])"
PORT = 47801

# A process of its own freezes a simulated listing, or inspects a simulated archive, and says its peak in kB.
MEMORY = """
import sys
from pathlib import Path
from flawflow.archive import plan, shards, numbers
from flawflow.storage.remote import RemotePath

model, picture, output, count, inspects = sys.argv[1:]
content = Path(picture).read_bytes()
RemotePath.names_below = lambda self: (f"lot/{number:09d}.jpg" for number in range(int(count)))
RemotePath.read_below = lambda self, name: content
asked = plan.Asked(
    pictures="memory://archive", model_sha256=shards.Inspector.load(model).sha256, rates=(0.01, 0.05),
    overlays="none", parquet=True,
)
place = RemotePath("memory://archive")
found = plan.opened_plan(Path(output), place, asked)
missing = numbers.missing_shards(Path(output), found)
work = shards.Work(plan=found, model=Path(model), root=place, output=Path(output), engine="onnxruntime")
if inspects == "yes":
    for _ in shards.work_on_shards(work, missing):
        pass
    numbers.add_up(Path(output), found)
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(status["VmHWM"].split()[0])
"""


@contextmanager
def store(core: int) -> Iterator[dict[str, str]]:
    """An S3 server on a core; gives the environment that leads there."""
    quiet = subprocess.DEVNULL
    address = f"http://127.0.0.1:{PORT}"
    server = subprocess.Popen(
        ["taskset", "-c", str(core), sys.executable, "-c", SERVER, str(PORT)], stdout=quiet, stderr=quiet
    )
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{address}/moto-api/").close()
                break
            except OSError:
                time.sleep(0.1)
        yield {
            **os.environ,
            "AWS_ENDPOINT_URL": address,
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
    finally:
        server.terminate()
        server.wait()


def inspect(core: int, model: Path, pictures: str, output: str, env: dict[str, str]) -> float:
    """Run `flawflow inspect` on a core; gives its processor seconds."""
    before = os.times()
    command = [
        "taskset", "-c", str(core), sys.executable, "-m", "flawflow", "inspect", str(model), pictures,
        "-o", output, "--to", "parquet",
    ]  # fmt: skip
    subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def rate(lines: list[bytes]) -> float:
    """Pictures a second between the times of the first and the last record."""
    times = sorted(datetime.fromisoformat(json.loads(line)["time"]) for line in lines)
    return (len(times) - 1) / (times[-1] - times[0]).total_seconds()


def throughput(arguments: argparse.Namespace, folder: Path) -> list[list[str]]:
    from flawflow.storage.paths import to_path

    pictures = find_images([arguments.pictures])
    local = folder / "pictures"
    local.mkdir()
    for number in range(arguments.count):
        source = pictures[number % len(pictures)]
        (local / f"{number:05d}{source.suffix}").write_bytes(source.read_bytes())
    found: dict[str, list[tuple[float, float]]] = {"disk": [], "S3": []}
    with store((os.cpu_count() or 1) - 1) as env:
        os.environ.update(env)
        urllib.request.urlopen(
            urllib.request.Request(f"{env['AWS_ENDPOINT_URL']}/plant", method="PUT")
        ).close()
        for path in sorted(local.iterdir()):
            to_path(f"s3://plant/in/{path.name}").write_bytes(path.read_bytes())
        for number in range(arguments.rounds):
            out = folder / f"out-{number}"
            seconds = inspect(0, arguments.model, str(local), str(out), env)
            found["disk"].append((rate((out / "results.jsonl").read_bytes().splitlines()), seconds))
            out_url = f"s3://plant/out-{number}"
            seconds = inspect(0, arguments.model, "s3://plant/in", out_url, env)
            shards = range(-(-arguments.count // 1000))
            lines = [
                line
                for shard in shards
                for line in to_path(f"{out_url}/shards/{shard:05d}.jsonl").read_bytes().splitlines()
            ]
            found["S3"].append((rate(lines), seconds))
    disk = statistics.median(each for each, _ in found["disk"])
    return [
        [
            name,
            f"{statistics.median(each for each, _ in runs):.1f}",
            f"{100 * statistics.median(each for each, _ in runs) / disk:.0f} %",
            f"{1000 * statistics.median(seconds for _, seconds in runs) / arguments.count:.2f}",
        ]
        for name, runs in found.items()
    ]


def peak(arguments: argparse.Namespace, folder: Path, count: int, *, inspects: bool) -> list[str]:
    picture = find_images([arguments.pictures])[0]
    output = folder / f"memory-{count}-{inspects}"
    told = "yes" if inspects else "no"
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(arguments.model), str(picture), str(output), str(count), told],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    what = "listed and inspected" if inspects else "listed"
    seconds = time.perf_counter() - started
    return [f"{count:,} {what}", f"{int(done.stdout.split()[-1]) / 1024:.0f}", f"{seconds:.0f}"]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--count", type=int, default=600, help="pictures in the archive (default 600)")
    parser.add_argument("--rounds", type=int, default=3, help="of the throughput (default 3)")
    parser.add_argument("--listed", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--inspected", type=int, nargs="*", default=[1_000, 4_000])
    arguments = parser.parse_args()
    about: dict[str, Any] = machine(["fsspec", "s3fs", "onnxruntime"])
    print(json.dumps(about, indent=1))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if arguments.rounds:
            rows = throughput(arguments, folder)
            print(table(["", "pictures/s", "of the disk's", "ms of processor a picture"], rows))
        rows = [peak(arguments, folder, count, inspects=False) for count in arguments.listed]
        rows += [peak(arguments, folder, count, inspects=True) for count in arguments.inspected]
        print(table(["pictures", "peak memory, MB", "seconds"], rows))


if __name__ == "__main__":
    main()
