"""The pictures of an intake, one by one: of a folder, a video, a camera or a stream."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from flawflow.images.encode import png_of
from flawflow.images.find import walk
from flawflow.server.errors import RefusedError
from flawflow.server.learning.draft import Intake
from flawflow.server.security.paths import open_inside
from flawflow.server.settings import Settings
from flawflow.server.sources.frames import Latest, StreamError
from flawflow.server.sources.source import Source, check_place, is_file
from flawflow.storage.backoff import Backoff

# How soon a stop is noticed.
_LOOK_SECONDS = 0.2
_FIRST_PAUSE_SECONDS = 1.0


@dataclass(frozen=True)
class Taken:
    """A picture that came.

    Attributes:
        name: What it is called.
        content: The bytes of its file, as it came or as PNG; or why it cannot be read.
        position: Seconds of a video that are done with it.
    """

    name: str
    content: bytes | str
    position: float = 0.0


def pictures_of(
    intake: Intake, folder: Path, settings: Settings, stop: threading.Event
) -> Iterator[Taken | str | None]:
    """Give the pictures of an intake, None where one is waited for, and a sentence where something is wrong.

    Args:
        intake: What is taken; of a video what comes after its position.
        folder: Where a video is that was sent.
        settings: Say which folders and hosts may be read, and how large pictures may be.
        stop: Ends the pictures.

    Raises:
        RefusedError: The place is gone, or not allowed any more.
        FlawflowError: It cannot be read.
    """
    if intake.kind == "upload":
        return _of_video(folder / intake.address, intake, settings)
    kind = intake.kind
    check_place(Source(id=1, kind=kind, address=intake.address, model=""), settings)
    if kind == "folder":
        return _of_folder(Path(intake.address), settings)
    if is_file(intake.address):
        return _of_video(Path(intake.address), intake, settings)
    return _of_camera(intake, settings, stop)


def _of_folder(folder: Path, settings: Settings) -> Iterator[Taken]:
    found = walk(folder)
    if not found.pictures:
        raise RefusedError(f"there is no picture in {folder}: it needs PNG, JPEG, BMP, TIFF or WebP files")
    for path in found.pictures:
        name = path.relative_to(folder).as_posix()
        try:
            # By what it really is: a link may lead out of the allowed folders.
            with open_inside(path, settings.allow) as file:
                yield Taken(name, file.read(settings.max_picture_bytes + 1))
        except OSError as error:
            yield Taken(name, f"it cannot be read ({error.strerror})")


def _of_video(path: Path, intake: Intake, settings: Settings) -> Iterator[Taken]:
    from flawflow.video.read import open_video

    due, name = intake.position, path.name if intake.kind == "stream" else "video"
    with open_video(path, max_pixels=settings.max_pixels) as video:
        for frame in video.frames():
            if frame.seconds >= due:
                due = frame.seconds + intake.interval
                yield Taken(f"{name} {frame.seconds:.3f} s", png_of(frame.picture), due)


def _of_camera(intake: Intake, settings: Settings, stop: threading.Event) -> Iterator[Taken | str | None]:
    pauses = Backoff(first=_FIRST_PAUSE_SECONDS)
    while not stop.is_set():
        try:
            for taken in _until_it_breaks(intake, settings, stop):
                yield taken
                if taken is not None:
                    pauses.reset()
        except StreamError as error:
            yield f"{error}; trying again"
            stop.wait(pauses.next())


def _until_it_breaks(intake: Intake, settings: Settings, stop: threading.Event) -> Iterator[Taken | None]:
    latest = Latest(intake.address, max_pixels=settings.max_pixels)
    try:
        while not stop.is_set():
            shot = latest.take(_LOOK_SECONDS)
            if shot is None:
                yield None
                continue
            now = datetime.now(UTC).isoformat(sep=" ", timespec="milliseconds")
            yield Taken(now.removesuffix("+00:00"), png_of(shot()))
            stop.wait(intake.interval)
    finally:
        latest.close()
