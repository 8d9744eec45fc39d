"""What the benchmarks share: where they ran, how work is timed, and how results are written."""

import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import flawflow
from flawflow.datasets import Sample
from flawflow.metrics import ScoredImage
from flawflow.runtime.processor import processor
from flawflow.storage.files import write_whole


def machine(packages: Sequence[str]) -> dict[str, str]:
    """Where and when, and with which versions of the packages that do the work."""
    return {
        "cpu": f"{processor()}, {os.cpu_count()} cores",
        "system": platform.platform(),
        "flawflow": f"flawflow {flawflow.__version__}",
        "packages": ", ".join(f"{name} {version(name)}" for name in packages),
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }


def alternated(
    runs: Mapping[str, Callable[[], object]], rounds: int, *, warm_up: int = 3
) -> dict[str, list[float]]:
    """Seconds of each run in each round; every round runs all of them once, after unmeasured rounds.

    What else the machine does then falls on all of them.
    """
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(warm_up + rounds):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            if number >= warm_up:
                seconds[name].append(time.perf_counter() - start)
    return seconds


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """Lower quartile, median and upper quartile; of a single value, that value three times."""
    if len(values) == 1:
        return values[0], values[0], values[0]
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, middle, high


def slope(x: Sequence[float], y: Sequence[float]) -> tuple[float, float]:
    """The exponent b of y = a·xᵇ by least squares of the logarithms, and its standard error.

    Of two points the error is not known (NaN).
    """
    log_x, log_y = np.log(x), np.log(y)
    centred = log_x - log_x.mean()
    exponent = float(centred @ log_y / (centred @ centred))
    rest = log_y - log_y.mean() - exponent * centred
    free = len(log_x) - 2
    error = float(np.sqrt(rest @ rest / free / (centred @ centred))) if free else float("nan")
    return exponent, error


def scored_image(sample: Sample, anomaly_map: NDArray[np.float32], score: float) -> ScoredImage:
    """A labelled picture beside what a model says about it."""
    return ScoredImage(
        is_defective=sample.is_defective,
        defect_type=sample.defect_type,
        score=score,
        anomaly_map=anomaly_map,
        mask=sample.read_mask(),
    )


def in_percent(shares: Iterable[float | None]) -> tuple[str, ...]:
    """Shares with one digit; a dash for what could not be measured."""
    return tuple("–" if share is None else f"{100 * share:.1f}" for share in shares)


def table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def write_report(folder: Path, report: Mapping[str, Any], text: str) -> None:
    """Print a report; write it as Markdown and as JSON, each named after the folder."""
    print(text)
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / f"{folder.name}.json", json.dumps(report, indent=1) + "\n")
    write_whole(folder / f"{folder.name}.md", text + "\n")
