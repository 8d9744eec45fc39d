"""What an inspection leaves of one video: a record for each frame, an overlay video and a timeline."""

from array import array
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from flawflow.files import write_whole
from flawflow.inspect.inspection import Failure
from flawflow.report.folder import TIMELINE_SUFFIX, ResultFolder
from flawflow.report.page import VideoExhibit
from flawflow.report.results import readable
from flawflow.report.timeline import timeline_svg
from flawflow.video.inspect import FrameInspection
from flawflow.video.read import Video
from flawflow.video.write import VideoWriter, write_video


class VideoResults:
    """Takes the outcomes of one video; see `video_results`."""

    def __init__(self, results: ResultFolder, video: Video) -> None:
        self._results = results
        self._video = video
        self._place, self._name = results.overlay_path(video.path)
        self._writing = ExitStack()
        self._writer: VideoWriter | None = None
        self._seconds, self._scores = array("d"), array("d")

    def add(self, outcome: FrameInspection | Failure) -> None:
        """Write what is known of one frame, or why there is nothing."""
        if isinstance(outcome, Failure):
            self._results.add(outcome)
            return
        frame, inspection = outcome.frame, outcome.inspection
        if self._writer is None:
            overlay = write_video(self._place, size=inspection.size, rate=self._video.rate)
            self._writer = self._writing.enter_context(overlay)
        self._writer.add(outcome.drawn, frame.seconds)
        self._results.add_frame(
            inspection, frame.picture, frame=frame.index, seconds=frame.seconds, overlay=self._name
        )
        self._seconds.append(frame.seconds)
        self._scores.append(inspection.score)

    def finish(self) -> None:
        """Close the overlay video, write the timeline and show both on the page."""
        self._writing.close()
        if self._scores:
            write_whole(self._place.with_suffix(TIMELINE_SUFFIX), readable(self._timeline(alone=True)))
            path = readable(self._video.path)
            self._results.add_video(VideoExhibit(path, readable(self._name), self._timeline(alone=False)))

    def _timeline(self, *, alone: bool) -> str:
        calibration = self._results.card.calibration
        return timeline_svg(
            self._seconds,
            self._scores,
            ng=calibration.threshold().score,
            review=calibration.review_threshold().score,
            title=self._video.path.name,
            alone=alone,
        )


@contextmanager
def video_results(results: ResultFolder, video: Video) -> Iterator[VideoResults]:
    """Collect the outcomes of one video.

    However the block ends, by Ctrl-C too, the overlay video and the timeline hold the frames until then.
    """
    collected = VideoResults(results, video)
    try:
        yield collected
    finally:
        collected.finish()
