"""What an inspection leaves of one picture: made in any thread, ready to be written in order."""

import io
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from flawflow.inspect.inspection import Inspection
from flawflow.picture import resize_map
from flawflow.report.gallery import Exhibit, Gallery, exhibit_of
from flawflow.report.heat import overlay
from flawflow.report.results import readable, to_record

_QUALITY = 92
# A JPEG can be no longer or wider.
_JPEG_LIMIT = 65_500


@dataclass(frozen=True, eq=False)
class Drawn:
    """A picture's results, in memory.

    Attributes:
        inspection: What the model says.
        record: Its record, as in results.jsonl.
        name: Where the overlay goes, relative to the results.
        overlay: The overlay's file: a JPEG, or a PNG of what is too long for one.
        exhibit: For the page; None where the page will not show the picture.
    """

    inspection: Inspection
    record: dict[str, Any]
    name: str
    overlay: bytes
    exhibit: Exhibit | None


def draw(
    inspection: Inspection,
    picture: NDArray[np.uint8],
    name: str,
    *,
    scale: tuple[float, float],
    gallery: Gallery,
) -> Drawn:
    """Draw the overlay of a picture and, where the page may show it, its exhibit.

    Args:
        inspection: What the model says.
        picture: The picture, (H, W, 3) uint8 RGB.
        name: Where its overlay goes. A picture that is too long for JPEG, a line camera's, gets a PNG.
        scale: The values that show as no and as full heat.
        gallery: What the page shows.
    """
    too_long = max(picture.shape) > _JPEG_LIMIT
    if too_long:
        name = PurePath(name).with_suffix(".png").as_posix()
    # Not the inspection's own large map, which would stay as long as the inspection.
    large = resize_map(inspection.graph_map, inspection.size)
    content = io.BytesIO()
    # Full colour resolution: half of it would fray the boxes' thin lines.
    Image.fromarray(overlay(picture, large, scale, inspection.regions)).save(
        content, "PNG" if too_long else "JPEG", quality=_QUALITY, subsampling=0
    )
    record = to_record(inspection, overlay=readable(name))
    exhibit = exhibit_of(inspection, picture, record, scale) if gallery.wants(record) else None
    return Drawn(inspection, record, name, content.getvalue(), exhibit)
