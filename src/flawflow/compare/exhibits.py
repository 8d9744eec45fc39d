"""The pictures on which a comparison shows what each detector sees: the same ones for all."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flawflow.datasets import Dataset, Sample
from flawflow.images import read_image, read_mask, resize_image, resize_map, resize_mask
from flawflow.images.encode import jpeg_of
from flawflow.inspection.inspector import Inspector
from flawflow.report.heatmap import overlay
from flawflow.storage.files import whole_file

_SHOWN = 4
_SIDE = 150
_QUALITY = 80
_OUTLINE = (255, 0, 200)


def shown(dataset: Dataset) -> list[Sample]:
    """Defective test pictures, evenly spaced in their order, those with a mask before others."""
    defective = [sample for sample in dataset.test if sample.is_defective]
    masked = [sample for sample in defective if sample.mask_path is not None] or defective
    places = np.linspace(0, len(masked) - 1, min(_SHOWN, len(masked))).round().astype(int)
    return [masked[place] for place in places]


def write_maps(inspector: Inspector, dataset: Dataset, path: Path) -> None:
    """Write the maps over the pictures, side by side, as one JPEG."""
    pictures = []
    for sample in shown(dataset):
        inspection, picture = inspector.inspect_with_image(sample.path)
        small = _small(picture)
        anomaly_map = resize_map(inspection.graph_map, (small.shape[0], small.shape[1]))
        pictures.append(overlay(small, anomaly_map, inspector.card.colormap_range))
    with whole_file(path) as scratch:
        scratch.write_bytes(_strip(pictures))


def truth(dataset: Dataset) -> bytes:
    """The pictures themselves, each with its defects outlined, side by side, as one JPEG."""
    pictures = []
    for sample in shown(dataset):
        small = _small(read_image(sample.path)).copy()
        if sample.mask_path is not None:
            mask = resize_mask(read_mask(sample.mask_path), (small.shape[0], small.shape[1]))
            small[_edge(mask)] = _OUTLINE
        pictures.append(small)
    return _strip(pictures)


def _edge(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels beside a mask that are not in it."""
    padded = np.pad(mask, 1)
    grown = padded[:-2, 1:-1] | padded[2:, 1:-1] | padded[1:-1, :-2] | padded[1:-1, 2:]
    beside: NDArray[np.bool_] = grown & ~mask
    return beside


def _small(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    factor = _SIDE / picture.shape[0]
    return resize_image(picture, (_SIDE, max(1, round(picture.shape[1] * factor))))


def _strip(pictures: Iterable[NDArray[np.uint8]]) -> bytes:
    return jpeg_of(np.concatenate(_spaced(list(pictures)), axis=1), _QUALITY)


def _spaced(pictures: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
    gap = np.full((_SIDE, 4, 3), 255, np.uint8)
    return [part for picture in pictures for part in (gap, picture)][1:]
