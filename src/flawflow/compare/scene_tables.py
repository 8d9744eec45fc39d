"""The results of all scenes as Markdown, CSV and JSON."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import reduce
from operator import add
from pathlib import Path

from flawflow.compare.scenes import SceneResult, frame_auroc, pixel_auroc
from flawflow.metrics.counts import PixelCounts
from flawflow.storage.files import write_whole

MEAN = "mean of scenes"
TOGETHER = "all together"


@dataclass(frozen=True)
class SceneRow:
    """One line of the table.

    Attributes:
        scene: The scene's name, `MEAN` or `TOGETHER`.
        frames: Test frames.
        anomalous: Those of them that are anomalous.
        frame_auroc: In [0, 1]; None where it cannot be measured.
        pixel_auroc: In [0, 1]; None where it cannot be measured.
        pixel_error: How far the pixel AUROC can be from exact.
    """

    scene: str
    frames: int
    anomalous: int
    frame_auroc: float | None
    pixel_auroc: float | None
    pixel_error: float | None


def rows_of(results: Sequence[SceneResult]) -> list[SceneRow]:
    """A row a scene, then the mean of the scenes (macro) and all frames and pixels together (micro)."""
    scenes = [_row(result.record["scene"], *result.frames(), result.pixels) for result in results]
    truth = [one for result in results for one in result.frames()[0]]
    scores = [one for result in results for one in result.frames()[1]]
    together = _row(TOGETHER, truth, scores, reduce(add, (result.pixels for result in results)))
    mean = SceneRow(
        MEAN,
        together.frames,
        together.anomalous,
        _mean([row.frame_auroc for row in scenes]),
        _mean([row.pixel_auroc for row in scenes]),
        _mean([row.pixel_error for row in scenes]),
    )
    return [*scenes, mean, together]


def write_scene_tables(folder: Path, results: Sequence[SceneResult], untested: Sequence[str]) -> str:
    """Write scenes.md, scenes.csv and scenes.json; gives the Markdown.

    Args:
        folder: Where.
        results: One for each scene that was measured.
        untested: The names of scenes without test videos.
    """
    rows = rows_of(results)
    text = _markdown(rows, results, untested)
    write_whole(folder / "scenes.md", text)
    write_whole(folder / "scenes.csv", _csv(rows))
    runs = [{key: value for key, value in result.record.items() if key != "videos"} for result in results]
    content = {"rows": [asdict(row) for row in rows], "untested": list(untested), "runs": runs}
    write_whole(folder / "scenes.json", json.dumps(content, indent=1, allow_nan=False) + "\n")
    return text


def _row(name: str, truth: list[bool], scores: list[float], pixels: PixelCounts) -> SceneRow:
    area = pixel_auroc(pixels)
    return SceneRow(name, len(truth), sum(truth), frame_auroc(truth, scores), *(area or (None, None)))


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _markdown(rows: Sequence[SceneRow], results: Sequence[SceneResult], untested: Sequence[str]) -> str:
    lines = [
        "| scene | frames | anomalous | frame AUROC | pixel AUROC |",
        "| --- " + "| ---: " * 4 + "|",
    ]
    lines += [
        f"| {row.scene} | {row.frames:,} | {row.anomalous:,} | {_percent(row.frame_auroc)} "
        f"| {_percent(row.pixel_auroc)} |"
        for row in rows
    ]
    record = results[0].record
    recipe = record["recipe"]
    height, width = recipe["size"]
    error = max((row.pixel_error for row in rows if row.pixel_error is not None), default=0.0)
    said = [
        "AUROC in percent. The score of a frame is the maximum of its anomaly map. The mean of scenes "
        f"is that of the AUROCs above it; in “{TOGETHER}” all frames, or pixels, are ranked in one list, "
        "although each scene has its own model.",
        f"{recipe['detector']}, encoder {recipe['encoder']}, preset {record['preset']}, {height} × {width} "
        f"pixels, seed {recipe['seed']}; learned from one frame in {recipe['every']}. No pixel AUROC is "
        f"further than {100 * error:.2g} points from exact.",
    ]
    if untested:
        said.append(f"Without test videos, and so left out: scene {', '.join(untested)}.")
    return "\n".join([*lines, "", "\n\n".join(said)]) + "\n"


def _csv(rows: Sequence[SceneRow]) -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=list(asdict(rows[0])))
    writer.writeheader()
    writer.writerows(asdict(row) for row in rows)
    return text.getvalue()


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.2f}"
