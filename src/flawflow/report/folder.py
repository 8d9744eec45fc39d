"""The folder that an inspection leaves: result files, overlays and the report page."""

import json
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from flawflow.card import Card
from flawflow.errors import FlawflowError
from flawflow.files import errors_name, write_whole
from flawflow.inspect.inspection import Failure, Inspection
from flawflow.judge.drift import DriftMonitor
from flawflow.report.drawn import Drawn, draw
from flawflow.report.gallery import Gallery, exhibit_of
from flawflow.report.page import VideoExhibit, render_page
from flawflow.report.results import CSV_NAME, JSONL_NAME, ResultFiles, readable, to_record
from flawflow.report.summary import Summary

PAGE_NAME = "report.html"
OVERLAYS_NAME = "overlays"
DRIFT_NAME = "drift.json"
TIMELINE_SUFFIX = ".svg"
"""A video's timeline has the name of its overlay but for this."""

# The list of results that are being removed.
_GOING_NAME = ".results.going.jsonl"


class ResultFolder:
    """Collects the outcomes of an inspection, picture by picture, in one folder.

    Results and overlays stand there as soon as a picture is done; the report page comes with `finish`.
    """

    def __init__(self, folder: Path, *, model: str, card: Card, overlay_names: dict[Path, str]) -> None:
        """Begin the result files.

        Args:
            folder: Created when it is missing; holds no earlier results (see `clear`).
            model: The model's name for the page.
            card: The model's card.
            overlay_names: Where each picture's overlay goes, as `names.overlay_names` gives it.
        """
        self._folder = folder
        self._card = card
        self._names = overlay_names
        self._files = ResultFiles(folder)
        self._gallery = Gallery()
        self._videos: list[VideoExhibit] = []
        self.summary = Summary(model=model)
        self.monitor = DriftMonitor(card)

    def draw(self, inspection: Inspection, picture: NDArray[np.uint8]) -> Drawn:
        """Make what `add` writes of one picture. Writes nothing; safe to call from several threads.

        Args:
            inspection: What the model says; its path is one that has an overlay's name.
            picture: The picture, (H, W, 3) uint8 RGB.
        """
        if inspection.path is None:
            raise ValueError("a picture without a path has no place for its overlay")
        name = self.overlay_path(inspection.path)[1]
        return draw(inspection, picture, name, scale=self._card.heat_scale, gallery=self._gallery)

    def add(self, outcome: Drawn | Failure) -> dict[str, Any]:
        """Write what is known of one picture and give its record."""
        if isinstance(outcome, Failure):
            record = to_record(outcome)
        else:
            record = outcome.record
            self.monitor.add(outcome.inspection)
            self._save(outcome)
            if outcome.exhibit is not None:
                self._gallery.offer(outcome.exhibit)
        self._files.write(record)
        self.summary.add(record)
        return record

    def add_frame(
        self, inspection: Inspection, picture: NDArray[np.uint8], *, frame: int, seconds: float, overlay: str
    ) -> None:
        """Write what is known of one frame of a video.

        Args:
            inspection: What the model says; its path is the video's.
            picture: The frame, (H, W, 3) uint8 RGB.
            frame: Its number.
            seconds: Its time.
            overlay: Where the video's overlay is, relative to the results.
        """
        record = to_record(inspection, overlay=readable(overlay), frame=frame, seconds=seconds)
        if self._gallery.wants(record):
            self._gallery.offer(exhibit_of(inspection, picture, record, self._card.heat_scale))
        self._files.write(record)
        self.summary.add(record)

    def add_video(self, video: VideoExhibit) -> None:
        """Show a video's timeline on the page."""
        self._videos.append(video)

    def overlay_path(self, source: Path) -> tuple[Path, str]:
        """Give where a source's overlay goes: the file, and its name relative to the results."""
        name = f"{OVERLAYS_NAME}/{self._names[source]}"
        return self._folder / name, name

    @property
    def card(self) -> Card:
        """The model's card."""
        return self._card

    def finish(self) -> Path:
        """Write the word on drift and the report page, and give the page's path."""
        page = self._folder / PAGE_NAME
        drift = self.monitor.drift()
        write_whole(self._folder / DRIFT_NAME, readable(json.dumps(drift.to_dict(), indent=1) + "\n"))
        text = render_page(self.summary, self._card, self._gallery.exhibits(), drift, self._videos)
        # Names of models and data sets may hold bytes that are no UTF-8, as names of pictures may.
        write_whole(page, readable(text))
        return page

    def worst(self, count: int) -> list[dict[str, Any]]:
        """Give the records of the most anomalous pictures, by falling score."""
        return [exhibit.record for exhibit in self._gallery.exhibits()[:count]]

    def _save(self, drawn: Drawn) -> None:
        path = self._folder / drawn.name
        # Half a picture must not stay behind where the disk is full.
        with errors_name(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                path.write_bytes(drawn.overlay)
            except OSError:
                path.unlink(missing_ok=True)
                raise

    def __enter__(self) -> Self:
        self._files.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._files.__exit__(kind, error, trace)


def has_results(folder: Path) -> bool:
    """Say whether a folder holds results of an earlier inspection."""
    return any((folder / name).exists() for name in (JSONL_NAME, CSV_NAME, PAGE_NAME))


def clear(folder: Path) -> None:
    """Remove an earlier inspection's files, and nothing else, from a folder.

    Only overlays that the earlier results.jsonl names are removed, a video's with its timeline.

    Raises:
        FlawflowError: results.jsonl is not flawflow's.
    """
    listing, going = folder / JSONL_NAME, folder / _GOING_NAME
    names = {*_earlier_overlays(listing), *_earlier_overlays(going)}
    for name in (PAGE_NAME, CSV_NAME, DRIFT_NAME):
        (folder / name).unlink(missing_ok=True)
    # A kill from here on must not leave a list of overlays that are gone, nor overlays that no list names.
    if listing.exists():
        listing.replace(going)
    for name in names:
        path = folder / name
        # A list from elsewhere must not reach out of the folder.
        if path.is_file() and path.resolve().is_relative_to((folder / OVERLAYS_NAME).resolve()):
            path.unlink()
            if path.suffix == ".mp4":
                path.with_suffix(TIMELINE_SUFFIX).unlink(missing_ok=True)
    going.unlink(missing_ok=True)


def _earlier_overlays(listing: Path) -> list[str]:
    if not listing.exists():
        return []
    try:
        # A line without its end was cut by a full disk.
        lines = [line for line in listing.read_bytes().split(b"\n")[:-1] if line]
        records = [json.loads(line) for line in lines]
        names = [record["overlay"] for record in records if record["overlay"] is not None]
        if not all(isinstance(name, str) for name in names):
            raise TypeError("an overlay is no name")
        return names
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise FlawflowError(
            f"{listing} is not a result list of flawflow ({type(error).__name__}): "
            "choose another output folder or move the file away"
        ) from None
