"""What a station does when things go wrong, on loopback against a real server.

    python benchmarks/faults.py part.flaw PICTURES…
    python benchmarks/faults.py part.flaw PICTURES… --short
    python benchmarks/faults.py part.flaw PICTURES… --only kills postgresql

Every run has its own station and data folder; each is bounded in time and in requests. The scores of all
pictures are known from the engine, so that an answer that belongs to another picture is noticed.
Linux only. The full disk is a small tmpfs, which only root may mount; PostgreSQL must be on the PATH.
The exit code is 1 where something did not hold.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import faults_line
import faults_network
import faults_storage
from common import machine
from faults_station import Context, Result, Skipped
from flawflow.inspection.inspector import Inspector
from flawflow.storage.files import write_whole
from station import make_pool

RUNS: dict[str, Callable[[Context], Result]] = {
    "kills": faults_line.kills,
    "load": faults_line.load,
    "folder": faults_line.folder,
    "full-disk": faults_storage.full_disk,
    "locked": faults_storage.locked,
    "corrupt": faults_storage.corrupt,
    "postgresql": faults_storage.postgresql,
    "idle": faults_network.idle,
    "trickling": faults_network.trickling,
    "looking": faults_network.looking,
}


def main() -> None:
    options = _options()
    pool = make_pool(Inspector.load(options.model, threads=1), [str(path) for path in options.pictures])
    results = {}
    for name in options.only or RUNS:
        started = time.perf_counter()
        with tempfile.TemporaryDirectory(prefix="flawflow-faults-") as folder:
            context = Context(
                model=options.model.resolve(), pool=pool, folder=Path(folder), short=options.short
            )
            results[name] = _result(RUNS[name], context)
        print(f"{name}: {results[name]} ({time.perf_counter() - started:.0f} s)", file=sys.stderr)
    text = markdown(results)
    print(text)
    report = {"machine": machine(["uvicorn", "onnxruntime"]), "short": options.short}
    report["runs"] = {name: asdict(result) for name, result in results.items()}
    options.output.mkdir(parents=True, exist_ok=True)
    write_whole(options.output / "faults.json", json.dumps(report, indent=1) + "\n")
    write_whole(options.output / "faults.md", text + "\n")
    sys.exit(any(result.held is False for result in results.values()))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("pictures", type=Path, nargs="+", help="files, folders or patterns")
    parser.add_argument("--short", action="store_true", help="fewer kills, seconds and pictures")
    parser.add_argument("--only", nargs="+", choices=RUNS, help="these runs only")
    parser.add_argument("--output", type=Path, default=Path("runs/faults"))
    return parser.parse_args()


def _result(run: Callable[[Context], Result], context: Context) -> Result:
    try:
        return run(context)
    except Skipped as reason:
        return Result(done="", seen=f"skipped: {reason}", held=None)
    except Exception as error:  # A run that breaks off is a result too, and the others go on.
        return Result(done="", seen=f"broke off: {type(error).__name__}: {error}", held=False)
    finally:
        context.close()


def markdown(results: dict[str, Result]) -> str:
    """The table."""
    words = {True: "yes", False: "**no**", None: "–"}
    lines = [
        f"| {name} | {result.done} | {result.seen} | {words[result.held]} |"
        for name, result in results.items()
    ]
    return "\n".join(["| | what was done | what was seen | held |", "|---|---|---|---|", *lines])


if __name__ == "__main__":
    main()
