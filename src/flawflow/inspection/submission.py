"""What the evaluation server of MVTec AD 2 takes: maps of its private test pictures.

    anomaly_images/OBJECT/test_private/000_regular.tiff              float16, higher is more anomalous
    anomaly_images_thresholded/OBJECT/test_private/000_regular.png   0 and 255

One folder takes the maps of all objects, each by its own model.
"""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from flawflow.datasets import Dataset
from flawflow.errors import DatasetError
from flawflow.images.float_tiff import write_float_tiff
from flawflow.inspection.inspector import Inspector
from flawflow.inspection.parallel import in_order
from flawflow.storage.files import write_whole

_FLOATS, _BINARY = "anomaly_images", "anomaly_images_thresholded"


def write_submission(
    inspector: Inspector, dataset: Dataset, folder: Path, *, progress: Callable[[int, int], None]
) -> int:
    """Write the maps of all pictures whose truth is not published; gives their number.

    Maps have the picture's own size. The server ranks an object's pixels, so that a scale of the model's own
    changes nothing: 0 is where heat begins and 1 where it ends, which keeps 16 bits precise between them.
    Binary maps are cut at the model's threshold of maps, which comes from good pictures.

    Args:
        inspector: The model of this object.
        dataset: The object, opened from its folder.
        folder: Where maps go.
        progress: Called after each picture with (done, all).

    Raises:
        DatasetError: There is no such picture.
        ImageError: One cannot be read; the server takes only complete submissions.
    """
    if not dataset.unlabelled:
        raise DatasetError(
            f"{dataset.name} has no test pictures without labels (test_private, test_private_mixed of MVTec "
            "AD 2): there is nothing to hand in."
        )
    low, high = inspector.card.colormap_range
    threshold = inspector.card.calibration.pixel_threshold

    def written(path: Path) -> None:
        anomaly_map = inspector.inspect(path).anomaly_map
        name = Path(*path.parts[-3:])
        scaled = (anomaly_map - low) / (high - low)
        write_float_tiff(folder / _FLOATS / name.with_suffix(".tiff"), _half(scaled))
        write_whole(folder / _BINARY / name.with_suffix(".png"), _png(anomaly_map > threshold))

    for done, _ in enumerate(in_order(written, dataset.unlabelled), start=1):
        progress(done, len(dataset.unlabelled))
    return len(dataset.unlabelled)


def _half(values: NDArray[np.float32]) -> NDArray[np.float16]:
    limit = float(np.finfo(np.float16).max)
    return np.clip(values, -limit, limit).astype(np.float16)


def _png(mask: NDArray[np.bool_]) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(mask.astype(np.uint8) * 255).save(stream, "PNG")
    return stream.getvalue()
