"""Which small faults would no test notice? Mutants of a package, judged by the tests that mirror its modules.

Run with `python benchmarks/mutations.py decision metrics --limit 300`. A package is a folder of
`src/flawflow`, such as `training/flows`, `decision`, `metrics`, `watch` or `server`, or one module in it,
such as `decision/martingale.py`.
Each mutant stands in a copy of the sources, so that nothing here changes, and is first given to the mirrored
test file, then to all the tests of its folder. What survives both, and is not argued for in
`benchmarks/mutations_argued.txt`, is listed, and the exit code is then 1.

Results go to `runs/mutations.jsonl`, line by line: a run that was stopped goes on, and after a change of a
module only its own mutants are judged again. `--limit` takes so many of the others, by a random choice that
is the same each time. `--own` asks the mirrored test file alone, if there is one: stricter, and far quicker
where all tests of a folder take minutes, as in `station`; its results are kept apart.
"""

import argparse
import contextlib
import hashlib
import importlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mutants import Mutant, mutants

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "src" / "flawflow"
ARGUED = Path(__file__).with_name("mutations_argued.txt")
# Loaded once; each mutant is judged in a fork, which then has them: for all packages, and for single ones.
HEAVY = ("numpy", "pytest", "hypothesis", "PIL.Image", "scipy.stats", "hypothesis.extra.numpy")
MORE = {
    "training": ("torch",),
    "server": ("fastapi", "starlette.testclient", "sqlalchemy", "alembic.command", "uvicorn"),
}
# Heavy modules are loaded before pytest could rewrite their asserts, of which it warns.
_LOADED = "ignore::pytest.PytestAssertRewriteWarning"
# So long may a mutant take, in multiples of the tests' own time, and seconds.
PATIENCE, LEAST_SECONDS = 4, 30
FOLDER_SECONDS = 1800


@dataclass(frozen=True)
class Job:
    """A mutant with its module and its tests, relative to the repository."""

    module: Path
    content: str
    mutant: Mutant
    tests: tuple[Path, ...]

    @property
    def name(self) -> str:
        """What it is called, in results and in the list of what is argued."""
        line = self.content.splitlines()[self.mutant.line - 1].strip()
        change = f"{_short(self.mutant.before)} -> {_short(self.mutant.after)}"
        return f"{self.module.relative_to('src/flawflow')} | {line} | {change}"

    @property
    def key(self) -> str:
        """Its name with its module as it is now."""
        return f"{hashlib.sha256(self.content.encode()).hexdigest()} {self.name}"


def _short(text: str) -> str:
    return " ".join(text.split())[:100]


def jobs(package: str) -> Iterator[Job]:
    """All mutants of a package or module."""
    place = SOURCES / package
    for module in [place] if place.suffix == ".py" else sorted(place.rglob("*.py")):
        if "migrations" in module.parts:
            continue
        part = module.relative_to(SOURCES)
        mirror = Path("tests") / part.parent / f"test_{part.name}"
        folder = Path("tests") / part.parent
        tests = tuple(each for each in (mirror, folder) if (ROOT / each).exists())
        content = module.read_text("utf-8")
        for mutant in mutants(content):
            yield Job(module.relative_to(ROOT), content, mutant, tests)


def run_tests(sources: Path, tests: Path, seconds: float) -> str:
    """Run tests with the package in `sources`; gives "passed", "failed" or "timeout"."""
    child = os.fork()
    if child == 0:
        os.setsid()
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1)
        os.dup2(silent, 2)
        sys.path.insert(0, str(sources))
        os.environ["PYTHONPATH"] = str(sources)
        import hypothesis
        import pytest

        # A test that fails has told enough: its example is not made smaller.
        phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
        hypothesis.settings.register_profile("mutations", phases=phases)
        hypothesis.settings.load_profile("mutations")
        options = ["-x", "-q", "-p", "no:cacheprovider", "--no-header", "-W", _LOADED, "-m", "not slow"]
        os._exit(int(pytest.main([*options, str(tests)])) != 0)
    end = time.monotonic() + seconds
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return "passed" if os.waitstatus_to_exitcode(status) == 0 else "failed"
        if time.monotonic() > end:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return "timeout"
        time.sleep(0.02)


class Bench:
    """A copy of the sources in which one module at a time is another."""

    def __init__(self, folder: Path) -> None:
        self._sources = folder / "src"
        shutil.copytree(ROOT / "src", self._sources, ignore=shutil.ignore_patterns("__pycache__"))
        self._seconds: dict[Path, float] = {}

    def judge(self, job: Job, own: bool = False) -> str:
        """Give "killed", "survived" or "untested", by the first of its tests alone where `own` is true."""
        place = self._sources / job.module.relative_to("src")
        for tests in job.tests[: 1 if own else None]:
            limit = self._limit(tests)
            place.write_text(job.mutant.source, "utf-8")
            try:
                outcome = run_tests(self._sources, tests, limit)
            finally:
                place.write_text(job.content, "utf-8")
                shutil.rmtree(place.parent / "__pycache__", ignore_errors=True)
            if outcome != "passed":
                return "killed"
        return "survived" if job.tests else "untested"

    def _limit(self, tests: Path) -> float:
        """How long tests may take: a file's are measured once without a change, when they must pass."""
        if (ROOT / tests).is_dir():
            return FOLDER_SECONDS
        if tests not in self._seconds:
            begin = time.monotonic()
            if run_tests(self._sources, tests, FOLDER_SECONDS) != "passed":
                raise SystemExit(f"{tests} fails without any change: mend that first")
            self._seconds[tests] = PATIENCE * (time.monotonic() - begin) + LEAST_SECONDS
        return self._seconds[tests]


def known(results: Path) -> dict[str, str]:
    """What earlier runs found: the verdict by name and content of the module."""
    if not results.is_file():
        return {}
    lines = map(json.loads, results.read_text("utf-8").splitlines())
    return {f"{line['sha256']} {line['name']}": line["verdict"] for line in lines}


def argued() -> dict[str, str]:
    """The reasons for survivors: a mutant's name, and behind the last " | " why no test need notice it."""
    lines = ARGUED.read_text("utf-8").splitlines() if ARGUED.is_file() else []
    parts = (line.rpartition(" | ") for line in lines if line and not line.startswith("#"))
    return {name: reason for name, _, reason in parts}


def main() -> None:
    """Judge mutants and list those that survive."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "packages", nargs="+", help="such as decision, training/flows or decision/martingale.py"
    )
    parser.add_argument("--limit", type=int, help="judge at most so many that are not known yet")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin none after so long")
    parser.add_argument("--own", action="store_true", help="by the mirrored test file alone")
    parser.add_argument("--results", type=Path, help="default: runs/mutations.jsonl, or mutations-own.jsonl")
    options = parser.parse_args()
    results = options.results or ROOT / "runs" / f"mutations{'-own' * options.own}.jsonl"
    os.chdir(ROOT)
    more = {name for package in options.packages for name in MORE.get(Path(package).parts[0], ())}
    for name in (*HEAVY, *sorted(more)):
        importlib.import_module(name)
    everything = {job.key: job for package in options.packages for job in jobs(package)}
    verdicts = {key: verdict for key, verdict in known(results).items() if key in everything}
    open_ones = sorted(everything.keys() - verdicts.keys())
    random.Random(0).shuffle(open_ones)
    results.parent.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + options.seconds
    with tempfile.TemporaryDirectory() as scratch, results.open("a", encoding="utf-8") as file:
        bench = Bench(Path(scratch))
        for key in open_ones[: options.limit]:
            if time.monotonic() > end:
                break
            verdicts[key] = bench.judge(everything[key], options.own)
            line: dict[str, Any] = dict(zip(("sha256", "name"), key.split(" ", 1), strict=True))
            print(json.dumps(line | {"verdict": verdicts[key]}), file=file, flush=True)
            print(f"{verdicts[key]:9} {everything[key].name}", flush=True)
    reasons = argued()
    lived = sorted({everything[key].name for key, verdict in verdicts.items() if verdict != "killed"})
    bare = [name for name in lived if name not in reasons]
    print(f"\n{len(everything):,} mutants, {len(verdicts):,} judged, {len(lived):,} survived,", end=" ")
    print(f"{len(bare):,} of these without a reason:")
    for name in bare:
        print(f"  {name}")
    raise SystemExit(bool(bare))


if __name__ == "__main__":
    main()
