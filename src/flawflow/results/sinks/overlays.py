"""Pictures with their heat maps, drawn beside the inspection and written in order."""

import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path, PurePath

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from flawflow.images import resize_map
from flawflow.report.heatmap import overlay
from flawflow.results.sinks.contract import RenderedOverlay, Result, Setting, Sink
from flawflow.storage.files import beside, errors_name

OVERLAYS_NAME = "overlays"
TIMELINE_SUFFIX = ".svg"
"""A video's timeline has the name of its overlay but for this."""

_JPEG_QUALITY = 92
# A JPEG can be no longer or wider.
_MAX_JPEG_SIDE_PIXELS = 65_500


def open_overlays(setting: Setting, _address: str) -> Sink:
    """Open the overlays of an inspection or of a watched folder."""
    assert setting.card is not None, "the model is known"
    scale = setting.card.colormap_range
    return Overlays(setting.output, scale=scale, name_of=lambda result: _name(setting, result))


def _name(setting: Setting, result: Result) -> str:
    """Where a picture's overlay goes; the name of one that is watched tells its content, which may change."""
    path = None if result.inspection is None else result.inspection.path
    if path is not None and path in setting.overlay_paths:
        return setting.overlay_paths[path]
    file, digest = Path(result.file or "picture"), result.record.sha256 or ""
    return beside(file.with_suffix(""), f"_{digest[:12]}.jpg").as_posix()


class Overlays(Sink):
    """Writes each picture with its heat and a box around each region; the record names the file.

    A record's overlay is there before the record is delivered to any other sink, so this one comes first.
    """

    name = "overlays"

    def __init__(self, output: Path, *, scale: tuple[float, float], name_of: Callable[[Result], str]) -> None:
        """Prepare to write into `output/overlays`.

        Args:
            output: The folder that records name overlays from.
            scale: The map values that show as no and as full heat.
            name_of: Gives where a picture's overlay goes, below `overlays`; ends in `.jpg`.
        """
        self._output, self._scale, self._name_of = output, scale, name_of

    def prepare(self, result: Result, picture: NDArray[np.uint8]) -> Result:
        """Draw; a picture that is too long for JPEG, a line camera's, gets a PNG. See `Sink.prepare`."""
        inspection = result.inspection
        if inspection is None:
            return result
        name = f"{OVERLAYS_NAME}/{self._name_of(result)}"
        is_long = max(picture.shape) > _MAX_JPEG_SIDE_PIXELS
        if is_long:
            name = PurePath(name).with_suffix(".png").as_posix()
        # Not the inspection's own large map, which would stay as long as the inspection.
        large = resize_map(inspection.graph_map, inspection.size)
        content = io.BytesIO()
        # Full colour resolution: half of it would fray the boxes' thin lines.
        drawn = overlay(picture, large, self._scale, inspection.regions, whole_image=inspection.whole_image)
        Image.fromarray(drawn).save(
            content, "PNG" if is_long else "JPEG", quality=_JPEG_QUALITY, subsampling=0
        )
        rendered = RenderedOverlay(name, content.getvalue())
        return replace(result, record=replace(result.record, overlay=name), rendered=rendered)

    def deliver(self, results: Sequence[Result]) -> None:
        """Write what was drawn; see `Sink.deliver`."""
        for result in results:
            rendered = result.rendered
            if rendered is None or not isinstance(rendered.content, bytes):
                continue
            path = self._output / rendered.name
            # Half a picture must not stay behind where the disk is full.
            with errors_name(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                try:
                    path.write_bytes(rendered.content)
                except OSError:
                    path.unlink(missing_ok=True)
                    raise
