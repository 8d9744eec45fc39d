"""From pictures to a store of their features: the encoder runs once, while others are read.

The features lie in memory, on the GPU or in files, wherever they fit.
"""

import math
import os
import shutil
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from flawflow.errors import DatasetError, ImageError, TrainingError
from flawflow.images import read_image, resize_image
from flawflow.recipe.augmentation import Augmentation
from flawflow.storage.files import errors_name
from flawflow.training.augment import random_view, view_generator
from flawflow.training.duplicates import Fingerprint
from flawflow.training.encoder import Encoder
from flawflow.training.feature_store import FeatureStore

_GIB = 2**30
_FLOAT_BYTES = 4
_READER_THREADS = 4

ProgressCallback = Callable[[int, int], None]
T = TypeVar("T")


@dataclass(frozen=True)
class Views:
    """Augmented views of each picture.

    Attributes:
        augmentation: Makes them.
        count: How many a picture has beside itself.
        seed: Of the augmentation.
    """

    augmentation: Augmentation
    count: int = 0
    seed: int = 0

    def of(self, plain: NDArray[np.uint8], number: int) -> list[NDArray[np.uint8]]:
        """The views of a picture, (H, W, 3), by its number among all."""
        draws = (view_generator(self.seed, number, view) for view in range(1, 1 + self.count))
        return [random_view(plain, self.augmentation, draw) for draw in draws]


PLAIN = Views(Augmentation())
"""No further view."""


@dataclass(frozen=True)
class Room:
    """Where features lie that are not on a GPU.

    Attributes:
        folder: For files, which the caller removes; None for main memory alone.
        memory_bytes: Main memory that they may take; above it they go to files.
    """

    folder: Path | None = None
    memory_bytes: int = 2 * _GIB


def extract(
    encoder: Encoder,
    pictures: Sequence[Path],
    *,
    size: tuple[int, int],
    views: Views = PLAIN,
    batch: int = 16,
    device: torch.device | str = "cpu",
    room: Room = Room(),
    on_progress: ProgressCallback | None = None,
) -> FeatureStore:
    """Run the encoder once over pictures.

    Args:
        encoder: The frozen encoder; it is moved to `device`.
        pictures: Files of good pictures.
        size: (H, W) that pictures are resized to.
        views: What each picture is seen as beside itself.
        batch: Pictures per run of the encoder; it does not change the features.
        device: Where the encoder runs. The features stay on a GPU where they fill at most half of its
            free memory.
        room: Where they lie otherwise.
        on_progress: Called with (pictures done, pictures in all).

    Raises:
        DatasetError: None of the pictures could be read.
        TrainingError: The size does not fit the encoder, or the features fit neither memory nor disk.
    """
    device = torch.device(device)
    encoder = encoder.to(device)
    grids = encoder.grids(size)
    copies = 1 + views.count
    shapes = [
        (len(pictures) * copies, height * width, depth)
        for (height, width), depth in zip(grids, encoder.channels, strict=True)
    ]
    maps = allocate(shapes, device=device, room=room)

    def prepare(index: int) -> tuple[Fingerprint, list[NDArray[np.uint8]]]:
        picture = read_image(pictures[index])
        plain = resize_image(picture, size)
        return Fingerprint.at(picture, plain), [plain, *views.of(plain, index)]

    read: list[Path] = []
    fingerprints: list[Fingerprint] = []
    failures: list[tuple[Path, str]] = []
    writer = _Writer(encoder, maps, batch=batch, device=device)
    for index, result in enumerate(_ahead(prepare, len(pictures), ahead=2 * max(1, batch // copies))):
        if isinstance(result, ImageError):
            failures.append((pictures[index], str(result)))
        else:
            fingerprint, shown = result
            writer.add(shown)
            fingerprints.append(fingerprint)
            read.append(pictures[index])
        if on_progress is not None:
            on_progress(index + 1, len(pictures))
    writer.flush()
    if not read:
        first = f"; the first: {failures[0][1]}" if failures else ""
        raise DatasetError(f"None of {len(pictures)} training pictures could be read{first}")
    kept = tuple(scale[: writer.rows] for scale in maps)
    roi_mask = None if encoder.roi_mask is None else encoder.roi_mask.cpu()
    return FeatureStore(kept, grids, copies, tuple(read), tuple(failures), tuple(fingerprints), roi_mask)


class _Writer:
    """Gathers pictures into batches, encodes them and writes their features row after row."""

    def __init__(self, encoder: Encoder, maps: Sequence[Tensor], *, batch: int, device: torch.device) -> None:
        self.rows = 0
        self._encoder = encoder
        self._maps = maps
        self._batch = batch
        self._device = device
        self._waiting: list[NDArray[np.uint8]] = []

    def add(self, pictures: Sequence[NDArray[np.uint8]]) -> None:
        self._waiting.extend(pictures)
        while len(self._waiting) >= self._batch:
            self._encode(self._waiting[: self._batch])
            del self._waiting[: self._batch]

    def flush(self) -> None:
        if self._waiting:
            self._encode(self._waiting)
            self._waiting = []

    @torch.inference_mode()
    def _encode(self, pictures: Sequence[NDArray[np.uint8]]) -> None:
        images = torch.from_numpy(np.stack(pictures)).to(self._device)
        end = self.rows + len(pictures)
        for stored, features in zip(self._maps, self._encoder(images), strict=True):
            # (B, D, H, W) → (B, H·W, D)
            stored[self.rows : end] = features.flatten(2).transpose(1, 2)
        self.rows = end


def _ahead(prepare: Callable[[int], T], count: int, *, ahead: int) -> Iterator[T | ImageError]:
    """Results of `prepare` in order, computed in threads at most `ahead` before they are needed."""
    with ThreadPoolExecutor(min(_READER_THREADS, os.cpu_count() or 1)) as pool:
        running: deque[Future[T]] = deque()
        try:
            for index in range(count + ahead):
                if index < count:
                    running.append(pool.submit(prepare, index))
                if index >= ahead and running:
                    try:
                        yield running.popleft().result()
                    except ImageError as error:
                        yield error
        finally:
            for future in running:
                future.cancel()


def allocate(
    shapes: Sequence[tuple[int, int, int]],
    *,
    device: torch.device,
    room: Room,
) -> tuple[Tensor, ...]:
    """Room for features, float32: on the GPU, in memory or in files, wherever they fit.

    Args:
        shapes: Of the tensors.
        device: Where they stay if it is a GPU and they fill at most half of its free memory.
        room: Where they lie otherwise.

    Raises:
        TrainingError: They fit neither memory nor disk.
    """
    need = sum(math.prod(shape) for shape in shapes) * _FLOAT_BYTES
    if device.type == "cuda" and need <= torch.cuda.mem_get_info(device)[0] // 2:
        return tuple(torch.empty(shape, device=device) for shape in shapes)
    if need <= room.memory_bytes:
        return tuple(torch.empty(shape) for shape in shapes)
    folder = room.folder
    if folder is None:
        raise TrainingError(
            f"The features need {need / _GIB:.1f} GiB, more than the {room.memory_bytes / _GIB:.1f} GiB of "
            "memory they may take; give a folder for them, fewer pictures or a smaller size."
        )
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if need > free:
        raise TrainingError(
            f"The features need {need / _GIB:.1f} GiB, but {folder} has {free / _GIB:.1f} GiB left; "
            "free some space, or give fewer pictures or a smaller size."
        )
    return tuple(_mapped(folder / f"scale-{k}.f32", shape) for k, shape in enumerate(shapes))


def _mapped(path: Path, shape: tuple[int, int, int]) -> Tensor:
    # An old file might be shorter or longer; the mapping makes a new one of exactly this length.
    path.unlink(missing_ok=True)
    if hasattr(os, "posix_fallocate"):
        # A mapping that meets a full disk ends the process: the space is taken beforehand.
        with path.open("wb") as file, errors_name(path):
            os.posix_fallocate(file.fileno(), 0, math.prod(shape) * _FLOAT_BYTES)
    return torch.from_file(str(path), shared=True, size=math.prod(shape), dtype=torch.float32).view(shape)
