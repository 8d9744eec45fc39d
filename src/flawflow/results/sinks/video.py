"""The overlay of one video: its frames with their heat, and a timeline of its scores."""

from array import array
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flawflow.images import resize_map
from flawflow.model_file.card import Card
from flawflow.report.heatmap import overlay
from flawflow.report.page import VideoExhibit
from flawflow.report.timeline import timeline_svg
from flawflow.results.record import readable
from flawflow.results.sinks.contract import RenderedOverlay, Result, Sink
from flawflow.results.sinks.overlays import OVERLAYS_NAME, TIMELINE_SUFFIX
from flawflow.storage.files import write_whole
from flawflow.video.read import Video
from flawflow.video.write import VideoWriter, write_video


class VideoOverlay(Sink):
    """Writes the overlay video frame by frame, and the timeline when it is closed.

    However an inspection ends, by Ctrl-C too, both hold the frames until then.
    """

    name = "overlays"

    def __init__(self, video: Video, output: Path, *, card: Card, name: str) -> None:
        """Write nothing before the first frame.

        Args:
            video: The one whose frames come.
            output: The folder that records name overlays from.
            card: The model's card.
            name: Where the overlay goes, below `overlays`; ends in `.mp4`.
        """
        self._video, self._card = video, card
        self._name = f"{OVERLAYS_NAME}/{name}"
        self._path = output / self._name
        self._writing = ExitStack()
        self._writer: VideoWriter | None = None
        self._seconds, self._scores = array("d"), array("d")

    def prepare(self, result: Result, picture: NDArray[np.uint8]) -> Result:
        """Draw a frame; see `Sink.prepare`."""
        found = result.inspection
        if found is None:
            return result
        large = resize_map(found.graph_map, found.size)
        drawn = overlay(
            picture, large, self._card.colormap_range, found.regions, whole_image=found.whole_image
        )
        record = replace(result.record, overlay=self._name)
        return replace(result, record=record, rendered=RenderedOverlay(self._name, drawn))

    def deliver(self, results: Sequence[Result]) -> None:
        """Append frames; see `Sink.deliver`."""
        for result in results:
            found, rendered, seconds = result.inspection, result.rendered, result.record.seconds
            if found is None or rendered is None or isinstance(rendered.content, bytes) or seconds is None:
                continue
            if self._writer is None:
                writing = write_video(self._path, size=found.size, rate=self._video.rate)
                self._writer = self._writing.enter_context(writing)
            self._writer.add(rendered.content, seconds)
            self._seconds.append(seconds)
            self._scores.append(found.score)

    def close(self) -> None:
        """Close the overlay video and write the timeline; see `Sink.close`."""
        self._writing.close()
        if self._scores:
            write_whole(self._path.with_suffix(TIMELINE_SUFFIX), readable(self._timeline(alone=True)))

    def exhibit(self) -> VideoExhibit | None:
        """Give what the report page shows of the video; None where it has no whole frame."""
        if not self._scores:
            return None
        return VideoExhibit(readable(self._video.path), readable(self._name), self._timeline(alone=False))

    def _timeline(self, *, alone: bool) -> str:
        calibration = self._card.calibration
        return timeline_svg(
            self._seconds,
            self._scores,
            ng=calibration.threshold().score,
            review=calibration.review_threshold().score,
            title=self._video.path.name,
            alone=alone,
        )
