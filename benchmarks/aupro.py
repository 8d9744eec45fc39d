"""AUPRO over all thresholds against AUPRO over 1,000: seconds and values, as a table.

Run with `python benchmarks/aupro.py`; needs scipy. The maps are synthetic: 83 pictures of 512 × 512,
like MVTec's bottles, 20 of them good. Two ways over 1,000 equidistant thresholds stand beside ours:
one labels each mask once and then passes over all maps for each threshold; the other, like the
CFLOW-AD authors' evaluation, labels every mask anew for each threshold. The second is timed on a few
thresholds and its time extrapolated.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy import ndimage

from flawflow.metrics import aupro

Result = TypeVar("Result")
Maps: TypeAlias = NDArray[np.float32]
Masks: TypeAlias = NDArray[np.bool_]
LIMIT = 0.3
EIGHT = np.ones((3, 3), dtype=int)


def pictures(count: int, side: int, seed: int) -> tuple[Maps, Masks]:
    """Smooth noise for maps; blobs for defects, which raise the map without filling it."""
    rng = np.random.default_rng(seed)
    maps = np.empty((count, side, side), np.float32)
    masks = np.zeros((count, side, side), np.bool_)
    for number in range(count):
        noise = ndimage.gaussian_filter(rng.standard_normal((side, side)), side / 128)
        maps[number] = noise / noise.std()
        if number >= count // 4:
            blob = ndimage.gaussian_filter(rng.standard_normal((side, side)), side / 25)
            masks[number] = blob > np.quantile(blob, 0.95)
            maps[number] += 3 * ndimage.gaussian_filter(masks[number].astype(np.float32), side / 100)
    return maps, masks


def labelled_once(maps: Maps, masks: Masks, thresholds: NDArray[np.float32]) -> NDArray[np.float64]:
    """(T, 2) false positive rates and overlaps; one pass over all pixels a threshold."""
    labels, _ = ndimage.label(masks, structure=np.stack([np.zeros((3, 3)), EIGHT, np.zeros((3, 3))]))
    inside = labels[masks] - 1
    areas = np.bincount(inside)
    defect, good = maps[masks], maps[~masks]
    points = np.empty((len(thresholds), 2))
    for number, threshold in enumerate(thresholds):
        hits = np.bincount(inside, weights=defect >= threshold)
        points[number] = np.count_nonzero(good >= threshold) / len(good), (hits / areas).mean()
    return points


def labelled_each_time(maps: Maps, masks: Masks, thresholds: NDArray[np.float32]) -> NDArray[np.float64]:
    """The same points; every mask labelled and every region cut out again for each threshold."""
    points = np.empty((len(thresholds), 2))
    good = np.count_nonzero(~masks)
    for number, threshold in enumerate(thresholds):
        overlaps = []
        alarms = maps >= threshold
        for alarm, mask in zip(alarms, masks, strict=True):
            labels, _ = ndimage.label(mask, structure=EIGHT)
            for region, box in enumerate(ndimage.find_objects(labels), start=1):
                overlaps.append(alarm[box][labels[box] == region].mean())
        points[number] = np.count_nonzero(alarms & ~masks) / good, np.mean(overlaps)
    return points


def area(points: NDArray[np.float64]) -> float:
    """Trapezoids up to the limit, interpolated there."""
    rates, overlaps = points.T
    kept = rates <= LIMIT
    at_limit = np.interp(LIMIT, rates, overlaps)
    return float(np.trapezoid([*overlaps[kept], at_limit], [*rates[kept], LIMIT]) / LIMIT)


def timed(work: Callable[[], Result], runs: int) -> tuple[float, Result]:
    """Median seconds of several runs, and the last result."""
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds), result


def main() -> None:
    parser = argparse.ArgumentParser(description="Time AUPRO against its usual computation.")
    parser.add_argument("--pictures", type=int, default=83)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--runs", type=int, default=3, help="of each way; the table gives medians")
    parser.add_argument("--timed-thresholds", type=int, default=4, help="of the way that labels anew")
    given = parser.parse_args()
    maps, masks = pictures(given.pictures, given.side, seed=0)
    thresholds = np.linspace(maps.max(), maps.min(), 1000, dtype=np.float32)
    few = thresholds[:: 1000 // given.timed_thresholds]

    ours, exact = timed(lambda: aupro(maps, masks), given.runs)
    once, points = timed(lambda: labelled_once(maps, masks, thresholds), given.runs)
    anew, some = timed(lambda: labelled_each_time(maps, masks, few), given.runs)
    anew *= len(thresholds) / len(few)
    np.testing.assert_allclose(some, points[:: 1000 // given.timed_thresholds], atol=1e-9)

    table = Table(title=f"AUPRO of {given.pictures} maps of {given.side} × {given.side}")
    for column in ("way", "thresholds", "seconds", "times ours", "AUPRO"):
        table.add_column(column, justify="left" if column == "way" else "right")
    rows = (
        ("flawflow", "all", ours, f"{exact:.6f}"),
        ("labelled once", "1,000", once, f"{area(points):.6f}"),
        (f"labelled each time, from {len(few)}", "1,000", anew, "same points"),
    )
    for way, count, seconds, value in rows:
        table.add_row(way, count, f"{seconds:.2f}", f"{seconds / ours:.1f}", value)
    Console().print(table)


if __name__ == "__main__":
    main()
