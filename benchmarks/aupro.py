"""AUPRO over all thresholds against AUPRO over 1,000: seconds and values, as a table.

Run with `python benchmarks/aupro.py`; needs scipy. The maps are synthetic: 83 pictures of 512 × 512,
like MVTec's bottles, 20 of them good. Ours gives pixel AUROC and average precision besides. Three ways over
1,000 equidistant thresholds stand beside it, from the plainest to the most careful:

- masks labelled again for each threshold, region by region, as the CFLOW-AD authors' evaluation and most
  public code does;
- regions found once; then for each threshold, picture by picture and region by region;
- masks labelled once, and all regions of all pictures counted in one pass for each threshold.

Each is timed on some thresholds and its time extrapolated to all; the last runs through all of them and gives
the value to compare with.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from common import machine, quartiles, table, write_report
from flawflow.metrics import aupro

Maps: TypeAlias = NDArray[np.float32]
Masks: TypeAlias = NDArray[np.bool_]
Way: TypeAlias = Callable[[Maps, Masks, NDArray[np.float32]], NDArray[np.float64]]
LIMIT = 0.3
THRESHOLDS = 1000
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


def regions_found_once(maps: Maps, masks: Masks, thresholds: NDArray[np.float32]) -> NDArray[np.float64]:
    """The same points; regions kept as their pixels, and asked one by one for each threshold."""
    regions = []
    for mask in masks:
        labels, count = ndimage.label(mask, structure=EIGHT)
        regions.append([np.nonzero(labels == number) for number in range(1, count + 1)])
    points = np.empty((len(thresholds), 2))
    good = np.count_nonzero(~masks)
    for number, threshold in enumerate(thresholds):
        alarms = 0
        overlaps: list[float] = []
        for anomaly_map, mask, pixels in zip(maps, masks, regions, strict=True):
            alarm = anomaly_map >= threshold
            alarms += int(np.count_nonzero(alarm & ~mask))
            overlaps.extend(alarm[region].mean() for region in pixels)
        points[number] = alarms / good, np.mean(overlaps)
    return points


def area(points: NDArray[np.float64]) -> float:
    """Trapezoids up to the limit, interpolated there."""
    rates, overlaps = points.T
    kept = rates <= LIMIT
    at_limit = np.interp(LIMIT, rates, overlaps)
    return float(np.trapezoid([*overlaps[kept], at_limit], [*rates[kept], LIMIT]) / LIMIT)


def seconds_of(work: Callable[[], object], runs: int) -> tuple[float, float, float]:
    """Quartiles of the seconds of several runs."""
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return quartiles(seconds)


def extrapolated(way: Way, maps: Maps, masks: Masks, few: NDArray[np.float32], runs: int) -> dict[str, Any]:
    """The time of 1,000 thresholds, from that of a few and of one."""
    one = seconds_of(lambda: way(maps, masks, few[:1]), runs)[1]
    some = seconds_of(lambda: way(maps, masks, few), runs)
    scale = (THRESHOLDS - 1) / (len(few) - 1)
    return {"seconds": [one + max(part - one, 0.0) * scale for part in some], "timed": len(few)}


def main() -> None:
    options = _options()
    maps, masks = pictures(options.pictures, options.side, seed=0)
    thresholds = np.linspace(maps.max(), maps.min(), THRESHOLDS, dtype=np.float32)
    few = thresholds[:: THRESHOLDS // options.timed_thresholds]
    exact = aupro(maps, masks)
    points = labelled_once(maps, masks, thresholds)
    for way in (labelled_each_time, regions_found_once):
        np.testing.assert_allclose(
            way(maps, masks, few[::5]), points[:: THRESHOLDS // len(few)][::5], atol=1e-9
        )
    rows = [
        {
            "way": "flawflow, every distinct score",
            "seconds": seconds_of(lambda: aupro(maps, masks), options.runs),
            "aupro": exact,
        },
        *(
            {"way": name, **extrapolated(way, maps, masks, few, options.runs), "aupro": area(points)}
            for name, way in WAYS.items()
        ),
    ]
    report = {
        "what": f"{options.pictures} maps of {options.side} × {options.side}, {THRESHOLDS:,} thresholds",
        "machine": machine(["numpy", "scipy"]),
        "rows": rows,
    }
    write_report(options.output, report, markdown(report))


WAYS: dict[str, Way] = {
    "labelled again for each threshold": labelled_each_time,
    "regions found once, asked one by one": regions_found_once,
    "labelled once, one pass over all": labelled_once,
}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pictures", type=int, default=83)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--runs", type=int, default=3, help="of each way; the table gives medians")
    parser.add_argument("--timed-thresholds", type=int, default=20)
    parser.add_argument("--output", type=Path, default=Path("runs/aupro"))
    return parser.parse_args()


def markdown(report: dict[str, Any]) -> str:
    """The table, with where it was measured."""
    ours = report["rows"][0]["seconds"][1]
    rows = [
        (
            row["way"],
            "{1:.2f} ({0:.2f}–{2:.2f})".format(*row["seconds"]),
            f"{row['seconds'][1] / ours:.1f}",
            f"{row['aupro']:.6f}",
        )
        for row in report["rows"]
    ]
    return "\n".join(
        [
            f"{report['what']}. {'; '.join(report['machine'].values())}",
            "",
            table(("way", "seconds (quartiles)", "times ours", "AUPRO"), rows),
        ]
    )


if __name__ == "__main__":
    main()
