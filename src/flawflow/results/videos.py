"""One video of an inspection, frame by frame to every sink."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from flawflow.errors import ImageError
from flawflow.inspection.inspection import Failure
from flawflow.results.deliver import Delivery
from flawflow.results.run import Run
from flawflow.results.sinks.contract import Setting, Sink
from flawflow.results.sinks.overlays import Overlays
from flawflow.results.sinks.report import Report
from flawflow.results.sinks.video import VideoOverlay
from flawflow.video.read import open_video


def deliver_video(
    run: Run, path: Path, delivery: Delivery, setting: Setting, progress: Callable[[int, int], None]
) -> None:
    """Inspect a video and deliver its frames; what is wrong with the file becomes a record.

    Args:
        run: The inspection that the video is a part of.
        path: The video's file.
        delivery: Takes the frames; for its sink of overlays stands one of this video.
        setting: What the sinks were opened with.
        progress: Called after each frame with (done, all).
    """
    name = setting.overlay_paths[path]
    try:
        with (
            open_video(path) as video,
            closing(VideoOverlay(video, setting.output, card=run.card, name=name)) as overlay,
        ):
            sinks: list[Sink] = [overlay if isinstance(sink, Overlays) else sink for sink in delivery.sinks]
            for done, result in enumerate(run.frame_results(video, sinks), start=1):
                delivery.deliver(result, sinks)
                progress(done, max(video.frame_count, done))
            exhibit = overlay.exhibit()
            for sink in sinks:
                if isinstance(sink, Report) and exhibit is not None:
                    sink.add_video(exhibit)
    except ImageError as error:
        delivery.deliver(run.failed(Failure(path, str(error))))
