"""What is decided before a training begins, and refused where it does not fit."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from flawflow import __version__
from flawflow.errors import TrainingError
from flawflow.judge.interest import to_runs
from flawflow.learn.alignment import augmented
from flawflow.learn.crossfit import is_crossed
from flawflow.learn.detector import Detector
from flawflow.learn.encoder import Encoder, build_encoder
from flawflow.learn.good import check_good, first_shape
from flawflow.learn.interest import read_interest
from flawflow.learn.preset import PRESETS, Preset, with_detector, with_flow
from flawflow.learn.work import digest_of_files


@dataclass(frozen=True, kw_only=True)
class Setup:
    """A training that can begin.

    Attributes:
        paths: Good pictures and videos.
        preset: With the detector, the flow and the views that were chosen.
        detector: Of that preset, not fitted yet.
        encoder: The frozen encoder; it knows which pixels count.
        size: (H, W) that pictures are resized to.
        seed: Of every random choice.
        device: Where to train.
        is_crossed: Whether all pictures calibrate, by sister models.
        interest: (H, W) bool, which pixels count; None for all.
        notes: Sentences about what was decided.
    """

    paths: tuple[Path, ...]
    preset: Preset
    detector: Detector
    encoder: Encoder
    size: tuple[int, int]
    seed: int
    device: torch.device
    is_crossed: bool
    interest: NDArray[np.bool_] | None
    notes: tuple[str, ...]

    @property
    def runs(self) -> tuple[int, ...]:
        """`interest` as a card keeps it."""
        return () if self.interest is None else to_runs(self.interest)

    def plan(self) -> dict[str, Any]:
        """What must be the same for unfinished work to be gone on with."""
        return {
            "preset": self.preset.name,
            "detector": f"{self.detector.name} {self.detector.options}",
            "encoder": f"{self.encoder.name} {self.encoder.strides}",
            "weights": self.encoder.weights_info.sha256,
            "size": list(self.size),
            "views": f"{self.preset.views} {self.preset.augmentation}",
            "version": __version__,
            "seed": self.seed,
            "pictures": digest_of_files(self.paths),
            "calibration": "cross" if self.is_crossed else "split",
            "interest": list(self.runs),
        }


def set_up(
    paths: Sequence[Path],
    *,
    preset: Preset | str,
    detector: str,
    flow: str,
    encoder: str,
    weights: str | Path | None,
    size: tuple[int, int],
    seed: int,
    calibration: str,
    roi: Path | str | None,
    ignore: Path | str | None,
    device: str,
    augment: str,
) -> Setup:
    """Decide all that good pictures and videos and the options of `flawflow.learn.train.train` decide.

    Raises:
        FlawflowError: Something does not fit; the message says what and the way out.
    """
    chosen = with_flow(with_detector(_preset(preset), detector), flow)
    place = _device(device)
    check_good(paths)
    crossed = is_crossed(calibration, paths, allowed=chosen.crosses)
    network = build_encoder(
        encoder,
        strides=chosen.strides,
        weights=weights,
        size=size,
        seed=seed,
        reflect_padding=chosen.reflect_padding,
    )
    interest = _interest(roi, ignore, size, paths)
    if interest is not None:
        network.interest = torch.from_numpy(interest)
    chosen, notes = augmented(chosen, augment, network, paths, size=size, seed=seed)
    return Setup(
        paths=tuple(paths),
        preset=chosen,
        detector=chosen.detector(),
        encoder=network,
        size=size,
        seed=seed,
        device=place,
        is_crossed=crossed,
        interest=interest,
        notes=notes,
    )


def _preset(preset: Preset | str) -> Preset:
    if isinstance(preset, Preset):
        return preset
    if preset not in PRESETS:
        raise TrainingError(f"There is no preset {preset!r}; choose one of {', '.join(PRESETS)}.")
    return PRESETS[preset]


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name not in ("cpu", "cuda"):
        raise TrainingError(f"There is no device {name!r}; choose auto, cpu or cuda.")
    if name == "cuda" and not torch.cuda.is_available():
        raise TrainingError("No CUDA device can be used here; choose --device cpu or auto.")
    return torch.device(name)


def _interest(
    roi: Path | str | None, ignore: Path | str | None, size: tuple[int, int], pictures: Sequence[Path]
) -> NDArray[np.bool_] | None:
    """Which pixels count, by masks that fit the first picture that can be read; None for all."""
    if roi is None and ignore is None:
        return None
    roi, ignore = (None if mask is None else Path(mask) for mask in (roi, ignore))
    return read_interest(roi, ignore, size, first_shape(pictures))
