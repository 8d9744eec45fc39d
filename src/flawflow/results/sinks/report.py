"""The report of an inspection: its numbers, and the page that opens in any browser."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flawflow.decision.drift import DriftMonitor
from flawflow.model_file.card import Card
from flawflow.report.gallery import Gallery, exhibit_of
from flawflow.report.page import VideoExhibit, render_page
from flawflow.report.summary import Summary
from flawflow.results.record import readable
from flawflow.results.sinks.contract import Result, Setting, Sink
from flawflow.storage.files import write_whole

PAGE_NAME = "report.html"
DRIFT_NAME = "drift.json"


def open_report(setting: Setting, _address: str) -> Sink:
    """Open the report of an inspection."""
    assert setting.card is not None, "the model is known"
    return Report(setting.output, model=setting.model, card=setting.card)


class Report(Sink):
    """Counts results and watches for drift; writes drift.json and report.html after the last one.

    Attributes:
        summary: The numbers of the inspection so far.
        page: The page's file; None where none is written.
        monitor: Notices when camera or light have changed since the calibration.
    """

    name = "report"

    def __init__(self, output: Path, *, model: str, card: Card, page: bool = True) -> None:
        """Begin with nothing counted.

        Args:
            output: Where the files go.
            model: The model's name for the page.
            card: The model's card.
            page: Whether the files are written; without them only the numbers are kept.
        """
        self._output, self._card = output, card
        self.page = output / PAGE_NAME if page else None
        self._gallery = Gallery()
        self._videos: list[VideoExhibit] = []
        self.summary = Summary(model=model)
        self.monitor = DriftMonitor(card)

    def prepare(self, result: Result, picture: NDArray[np.uint8]) -> Result:
        """Make the picture's thumbnails if the page may show it; see `Sink.prepare`."""
        inspection = result.inspection
        if inspection is None or self.page is None or not self._gallery.wants(result.record):
            return result
        exhibit = exhibit_of(inspection, picture, result.record, self._card.colormap_range)
        return replace(result, exhibit=exhibit)

    def deliver(self, results: Sequence[Result]) -> None:
        """Count results and show those that the page has room for; see `Sink.deliver`."""
        for result in results:
            # A video's frames are too alike to be compared with the pictures of the calibration.
            if result.inspection is not None and result.record.frame is None:
                self.monitor.add(result.inspection)
            if result.exhibit is not None:
                self._gallery.offer(result.exhibit)
            self.summary.add(result.record)

    def add_video(self, video: VideoExhibit) -> None:
        """Show a video's timeline on the page."""
        self._videos.append(video)

    def finish(self) -> None:
        """Write what is known of drift, and the page; see `Sink.finish`."""
        if self.page is None:
            return
        drift = self.monitor.drift()
        write_whole(self._output / DRIFT_NAME, readable(json.dumps(drift.to_dict(), indent=1) + "\n"))
        text = render_page(self.summary, self._card, self._gallery.exhibits(), drift, self._videos)
        # Names of models and data sets may hold bytes that are no UTF-8, as names of pictures may.
        write_whole(self.page, readable(text))
