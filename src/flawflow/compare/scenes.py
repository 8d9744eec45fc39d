"""One model a scene of Shanghai Tech Campus: train, measure, keep."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from flawflow.compare.plan import code_digest, packages
from flawflow.compare.runner import machine
from flawflow.datasets.sample import Dataset, good_samples
from flawflow.datasets.shanghaitech import Scene
from flawflow.errors import DatasetError, MetricError
from flawflow.inspection.inspector import Inspector
from flawflow.inspection.parallel import in_order
from flawflow.metrics import auroc
from flawflow.metrics.counts import PixelCounts
from flawflow.progress import OnProgress, Progress
from flawflow.recipe import Recipe
from flawflow.storage.files import write_whole
from flawflow.training.train import train
from flawflow.training.unfinished_work import digest_of_files


@dataclass(frozen=True)
class SceneRun:
    """One scene to train and measure.

    Attributes:
        scene: The scene.
        recipe: How to train.
        folder: Where everything is kept.
    """

    scene: Scene
    recipe: Recipe
    folder: Path

    @cached_property
    def key(self) -> str:
        """A checksum of all that decides the result; of the files it takes name, size and time of change."""
        masks = [path for video in self.scene.test for path in (video.frame_mask, video.pixel_mask) if path]
        frames = [path for video in self.scene.test for path in video.frames]
        decisive = {
            "recipe": self.recipe.fingerprint(),
            "files": digest_of_files([*self.scene.training, *frames, *masks]),
            "code": code_digest(),
            "packages": packages(),
        }
        return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:12]


@dataclass(frozen=True)
class SceneResult:
    """What was measured on one scene.

    Attributes:
        record: Frame scores and truth of each video, and how the model was made; JSON-ready.
        pixels: The scores of all its pixels.
    """

    record: dict[str, Any]
    pixels: PixelCounts

    def frames(self) -> tuple[list[bool], list[float]]:
        """Truth and score of every frame."""
        videos = self.record["videos"].values()
        return (
            [truth for video in videos for truth in video["anomalous"]],
            [score for video in videos for score in video["scores"]],
        )


def finished(run: SceneRun) -> SceneResult | None:
    """What an earlier run of the same kind measured, or None."""
    record, pixels = _files(run)
    # The record is written last.
    if not record.is_file():
        return None
    return SceneResult(json.loads(record.read_text("utf-8")), PixelCounts.load(pixels))


def perform(run: SceneRun, *, device: str, on_progress: OnProgress) -> SceneResult:
    """Train a scene's model and measure it on the scene's test videos.

    The model is kept too; a training that was stopped goes on.

    Raises:
        FlawflowError: Something does not fit; the message says what.
    """
    scene = run.scene
    if not scene.training:
        raise DatasetError(f"Scene {scene.name} has no training video: add it, or remove its test videos.")
    model = run.folder / "models" / f"{scene.name}-{run.key}.flaw"
    if not model.is_file():
        train(
            Dataset(f"scene {scene.name}", tuple(good_samples(scene.training, "train"))),
            model,
            run.recipe,
            device=device,
            resume=True,
            on_progress=on_progress,
        )
    inspector = Inspector.load(model)
    videos, pixels = measure(inspector, scene, on_progress)
    training = inspector.card.training
    record = {
        "key": run.key,
        "scene": scene.name,
        "preset": run.recipe.preset,
        "recipe": run.recipe.decisive(),
        "train_pictures": training.image_count,
        "train_seconds": training.seconds,
        "model": model.name,
        "machine": machine(),
        "packages": packages(),
        "videos": videos,
    }
    kept, counts = _files(run)
    pixels.save(counts)
    write_whole(kept, json.dumps(record, allow_nan=False) + "\n")
    return SceneResult(record, pixels)


def measure(
    inspector: Inspector, scene: Scene, on_progress: OnProgress
) -> tuple[dict[str, dict[str, list[Any]]], PixelCounts]:
    """Score all test frames of a scene: a frame's score is the maximum of its anomaly map.

    Maps are measured at the model's size, masks at theirs (`flawflow.metrics.PixelMeasures`).

    Returns:
        For each video the truth and the score of its frames, and the scores of all pixels.

    Raises:
        DatasetError: A mask does not fit its video.
        ImageError: A frame cannot be read.
    """
    pixels, videos = PixelCounts(), {}
    total, done = sum(len(video.frames) for video in scene.test), 0
    for video in scene.test:
        anomalous, mask = video.read_frame_mask(), video.open_pixel_mask()
        scores = []
        for index, (anomaly_map, _) in enumerate(in_order(inspector.measure, video.frames)):
            pixels.add(anomaly_map, None if mask is None else mask[index])
            scores.append(float(anomaly_map.max()))
            done += 1
            on_progress(Progress("Measuring", done, total, video.name))
        videos[video.name] = {"anomalous": anomalous.tolist(), "scores": scores}
    return videos, pixels


def frame_auroc(truth: list[bool], scores: list[float]) -> float | None:
    """AUROC of frames; None where all are of one kind."""
    return auroc(truth, scores) if len(set(truth)) == 2 else None


def pixel_auroc(pixels: PixelCounts) -> tuple[float, float] | None:
    """AUROC of pixels and its error; None where all are of one kind."""
    try:
        return pixels.auroc()
    except MetricError:
        return None


def _files(run: SceneRun) -> tuple[Path, Path]:
    stem = run.folder / "runs" / f"{run.scene.name}-{run.key}"
    return stem.with_suffix(".json"), stem.with_suffix(".npz")
