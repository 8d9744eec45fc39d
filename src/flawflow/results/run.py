"""An inspection of many pictures on its way to sinks: done side by side, given in order."""

import itertools
import os
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from flawflow.errors import FlawflowError
from flawflow.inspection.inspection import Failure, Inspection
from flawflow.inspection.inspector import Inspector
from flawflow.inspection.parallel import in_order
from flawflow.results.record import Record, record_of
from flawflow.results.sinks.contract import Result, Sink
from flawflow.storage.paths import is_remote

if TYPE_CHECKING:
    from flawflow.video.read import Frame, Video


def now() -> str:
    """The time of a record: ISO 8601, UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class Run:
    """One inspection: what all its records share, and their numbers.

    Attributes:
        card: The model's card.
    """

    def __init__(self, inspector: Inspector, *, model: str, pictures: Path) -> None:
        """Begin with record 1 of a journal of its own.

        Args:
            inspector: The model.
            model: Its name.
            pictures: The folder that holds all the pictures; results name their files below it.
        """
        self.card = inspector.card
        self._inspector = inspector
        self._pictures = pictures
        self._ids = itertools.count(1)
        self._about: dict[str, Any] = {
            "journal": uuid.uuid4().hex,
            "source": "path",
            "model": model,
            "model_sha256": inspector.sha256 or None,
        }

    def results(self, paths: Iterable[Path], sinks: Sequence[Sink]) -> Iterator[Result]:
        """Inspect pictures.

        Args:
            paths: The pictures' files, taken lazily.
            sinks: What the results are prepared for; delivering is left to the caller.

        Yields:
            A result for each picture, in order; one that cannot be inspected has the reason in its record.
        """

        def inspected(numbered: tuple[Path, int]) -> Result:
            path, number = numbered
            file = self._place(path)
            try:
                inspection, picture = self._inspector.inspect_with_image(path)
            except FlawflowError as error:
                return Result(self._record(Failure(path, str(error)), number), file)
            return _prepared(Result(self._record(inspection, number), file, inspection), picture, sinks)

        yield from in_order(inspected, zip(paths, self._ids, strict=False))

    def frame_results(self, video: "Video", sinks: Sequence[Sink]) -> Iterator[Result]:
        """Inspect a video frame by frame; as `results`, with the frame's number and time in each record."""
        from flawflow.video.inspect import inspect_frame, whole_frames

        def inspected(numbered: "tuple[Frame, int]") -> Result:
            frame, number = numbered
            found = inspect_frame(self._inspector, video, frame)
            if isinstance(found, Failure):
                return Result(self._record(found, number))
            record = self._record(found.inspection, number)
            record = replace(record, frame=frame.index, seconds=round(frame.seconds, 6))
            return _prepared(Result(record, inspection=found.inspection), frame.picture, sinks)

        failures: list[Failure] = []
        yield from in_order(inspected, zip(whole_frames(video, failures), self._ids, strict=False))
        yield from map(self.failed, failures)

    def failed(self, failure: Failure) -> Result:
        """Give the result of a file that could not even be opened."""
        return Result(self._record(failure, next(self._ids)))

    def _record(self, outcome: Inspection | Failure, number: int) -> Record:
        return replace(record_of(outcome), id=number, time=now(), **self._about)

    def _place(self, path: Path) -> str | None:
        """The file below the pictures' folder; None where it cannot be named so, as on another drive."""
        try:
            return (
                str(path.relative_to(self._pictures))
                if is_remote(path)
                else os.path.relpath(path, self._pictures)
            )
        except ValueError:
            return None


def _prepared(result: Result, picture: NDArray[np.uint8], sinks: Sequence[Sink]) -> Result:
    for sink in sinks:
        result = sink.prepare(result, picture)
    return result
