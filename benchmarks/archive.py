"""An archive in a store beside a folder on the disk: pictures per second, processor time, and memory.

    python benchmarks/archive.py part.flaw ../shared/data/mvtec/bottle/train/good
    python benchmarks/archive.py part.flaw ../shared/data/mvtec/bottle/train/good --rounds 0    # memory alone

The store is an S3 server (moto) in a process of its own on the last core; `flawflow inspect` has the first
core, so that what the store computes is not counted as what reading from it costs. Both are done in turn, in
a new process each time, with the same results but for where they go: records as JSON lines and as Parquet.
The rate is between the times of the first and the last record, so that starting does not count. Processor
time is that of the process, less what it takes for 20 pictures, and without the store's.

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
    """Inspect the same pictures from the disk and from the store in turn."""
    from flawflow.storage.paths import to_path

    pictures = find_images([arguments.pictures])
    counts = (20, arguments.count)
    rates: dict[str, list[float]] = {"disk": [], "S3": []}
    seconds: dict[str, list[float]] = {"disk": [], "S3": []}
    with store((os.cpu_count() or 1) - 1) as env:
        os.environ.update(env)
        address = f"{env['AWS_ENDPOINT_URL']}/plant"
        urllib.request.urlopen(urllib.request.Request(address, method="PUT")).close()
        for count in counts:
            for number in range(count):
                source = pictures[number % len(pictures)]
                name = f"{count}/{number:05d}{source.suffix}"
                to_path(f"s3://plant/{name}").write_bytes(source.read_bytes())
                (folder / name).parent.mkdir(exist_ok=True)
                (folder / name).write_bytes(source.read_bytes())
        for turn in range(arguments.rounds):
            for kind, place in (("disk", str(folder)), ("S3", "s3://plant")):
                start, whole = (
                    inspect(0, arguments.model, f"{place}/{count}", f"{place}/out-{turn}-{count}", env)
                    for count in counts
                )
                seconds[kind].append((whole - start) / (counts[1] - counts[0]))
                out = to_path(f"{place}/out-{turn}-{counts[1]}")
                rates[kind].append(rate(lines_of(out)))
    disk = statistics.median(rates["disk"]), statistics.median(seconds["disk"])
    return [
        [
            kind,
            f"{statistics.median(rates[kind]):.1f}",
            f"{100 * statistics.median(rates[kind]) / disk[0]:.0f} %",
            f"{1000 * statistics.median(seconds[kind]):.2f}",
            f"{100 * disk[1] / statistics.median(seconds[kind]):.0f} %",
        ]
        for kind in rates
    ]


def lines_of(out: Path) -> list[bytes]:
    """The records of an inspection, of a folder or of an archive."""
    if (out / "results.jsonl").exists():
        return (out / "results.jsonl").read_bytes().splitlines()
    paths = sorted(path for path in (out / "shards").iterdir() if path.suffix == ".jsonl")
    return [line for path in paths for line in path.read_bytes().splitlines()]


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
            print(
                table(
                    [
                        "",
                        "pictures/s",
                        "of the disk's",
                        "ms of processor a picture",
                        "disk's as a share of it",
                    ],
                    rows,
                )
            )
        rows = [peak(arguments, folder, count, inspects=False) for count in arguments.listed]
        rows += [peak(arguments, folder, count, inspects=True) for count in arguments.inspected]
        print(table(["pictures", "peak memory, MB", "seconds"], rows))


if __name__ == "__main__":
    main()
