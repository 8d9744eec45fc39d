"""The folder of suspects beside a model: what a person looks at before trusting the training pictures."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from flawflow.decision.regions import find_regions
from flawflow.errors import ImageError
from flawflow.images import read_image, resize_image, resize_map
from flawflow.images.encode import jpeg_of
from flawflow.report.heatmap import overlay
from flawflow.report.overlay_paths import overlay_paths
from flawflow.results.record import readable
from flawflow.storage.files import beside, write_whole
from flawflow.storage.paths import scratch_place

LIST_NAME = "suspects.json"

_JPEG_QUALITY = 90
_MAX_SIDE_PIXELS = 1600


class SuspectLike(Protocol):
    """What the folder needs of a `flawflow.training.suspects.Suspect`, which would import torch."""

    @property
    def path(self) -> Path:
        """The picture."""

    @property
    def score(self) -> float:
        """How unlike the others it is."""

    @property
    def limit(self) -> float:
        """What good pictures seldom exceed."""

    @property
    def anomaly_map(self) -> NDArray[np.float32]:
        """float32 (H, W)."""

    @property
    def colormap_range(self) -> tuple[float, float]:
        """The map values to draw as nothing and as full heat."""

    @property
    def reason(self) -> str:
        """Why it is suspected."""


def suspects_folder(model: Path) -> Path:
    """The folder beside a model file, in the working folder where that is a URL: `part.flaw.suspects`."""
    return beside(scratch_place(model), ".suspects")


def write_suspects(model: Path, suspects: Sequence[SuspectLike], *, excluded: bool) -> Path | None:
    """Write suspects.json and an overlay of each suspect; those of an earlier training of `model` go.

    Args:
        model: The model file.
        suspects: Of its training.
        excluded: Whether they were left out.

    Returns:
        The folder, or None where there is no suspect.
    """
    folder = suspects_folder(model)
    if (folder / LIST_NAME).is_file():
        shutil.rmtree(folder)
    if not suspects:
        return None
    names = overlay_paths(suspect.path for suspect in suspects)
    records = []
    for suspect in suspects:
        drawn = _drawn(suspect)
        if drawn is not None:
            write_whole(folder / names[suspect.path], drawn)
        records.append(
            {
                "path": readable(suspect.path),
                "score": suspect.score,
                "limit": suspect.limit,
                "reason": readable(suspect.reason),
                "excluded": excluded,
                "overlay": None if drawn is None else readable(names[suspect.path]),
            }
        )
    write_whole(folder / LIST_NAME, json.dumps(records, indent=1, ensure_ascii=False) + "\n")
    return folder


def _drawn(suspect: SuspectLike) -> bytes | None:
    """The overlay as JPEG; None where the picture cannot be read any more."""
    try:
        picture = read_image(suspect.path)
    except ImageError:
        return None
    factor = min(1.0, _MAX_SIDE_PIXELS / max(picture.shape))
    size = max(1, round(picture.shape[0] * factor)), max(1, round(picture.shape[1] * factor))
    anomaly_map = resize_map(suspect.anomaly_map, size)
    regions = find_regions(anomaly_map, suspect.limit)
    drawn = overlay(resize_image(picture, size), anomaly_map, suspect.colormap_range, regions)
    return jpeg_of(drawn, _JPEG_QUALITY)
