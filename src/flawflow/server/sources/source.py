"""What a source is, whatever its kind."""

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from flawflow.server.db.tables import NAME_LENGTH
from flawflow.server.errors import RefusedError
from flawflow.server.security.hosts import allowed_stream
from flawflow.server.security.paths import allowed_path
from flawflow.server.settings import Settings
from flawflow.server.sources.progress import Progress
from flawflow.storage.urls import shown_url

Kind = Literal["folder", "stream"]

_CAMERAS = "/dev/video"

GENICAM = "genicam:"
"""What the address of an industrial camera begins with; behind it stands its name, never where it is."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A source as it was asked for.

    Attributes:
        id: Its number.
        kind: A folder that is watched, or pictures of a camera, stream or video file.
        address: A folder or video file, a camera (`/dev/video0`, `genicam:NAME`), or an address of the
            network, of an allowed host.
        model: What inspects.
        interval: Seconds between two looks into a folder, or between two pictures of a stream.
        position: Seconds into a video file up to which it is done.
    """

    id: int
    kind: Kind
    address: str
    model: str
    interval: float = 1.0
    position: float = 0.0

    @property
    def shown(self) -> str:
        """The address without a password, wherever it may be in it."""
        return shown_url(self.address)

    @property
    def label(self) -> str:
        """What the record calls it."""
        return f"{'watch' if self.kind == 'folder' else 'stream'}:{self.shown}"[:NAME_LENGTH]


class Runner(Protocol):
    """What gets a source's pictures inspected.

    Attributes:
        progress: How it gets on.
    """

    progress: Progress

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set, or there is nothing more to come; may be called again when it raises.

        Raises:
            RefusedError: The source is not where it was.
            FlawflowError: It cannot work now.
        """
        ...


def is_network(address: str) -> bool:
    """Whether an address is one of the network."""
    return "://" in address and not is_genicam(address)


def is_camera(address: str) -> bool:
    """Whether an address is a camera of this computer, or one that it finds by GenICam."""
    if is_genicam(address):
        return True
    return address.startswith(_CAMERAS) and address.removeprefix(_CAMERAS).isdecimal()


def is_genicam(address: str) -> bool:
    """Whether an address is the name of a GenICam camera."""
    return address.startswith(GENICAM) and len(address) > len(GENICAM)


def is_file(address: str) -> bool:
    """Whether an address is a video file."""
    return not (is_network(address) or is_camera(address))


def checked_address(kind: Kind, address: str, settings: Settings) -> str:
    """Give the address that may be used.

    Raises:
        RefusedError: It is outside the allowed folders and hosts, or of a protocol that is not known.
    """
    if kind == "folder":
        folder = allowed_path(address, settings.allow)
        if not folder.is_dir():
            raise RefusedError(f"{address:.200} is not a folder: give the one that receives the pictures")
        return str(folder)
    if is_network(address):
        return allowed_stream(address, settings.allow_streams)
    return address if is_camera(address) else _video_file(address, settings)


def check_place(source: Source, settings: Settings) -> None:
    """Make sure that a source may still be read, and its folder or file is where it was allowed.

    Raises:
        RefusedError: It is gone, or leads elsewhere now, which may change; or it is not allowed any more.
    """
    if source.kind == "stream" and not is_file(source.address):
        checked_address(source.kind, source.address, settings)
        return
    path = Path(source.address)
    try:
        real = path.resolve(strict=True)
        is_right = path.is_dir() if source.kind == "folder" else path.is_file()
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RefusedError(f"{path} is gone or not mounted ({reason}); it will be looked for again") from None
    if real != path or not any(map(path.is_relative_to, settings.allow)):
        raise RefusedError(
            f"{path} is not in a folder that this station may read: it is a link, or --allow differs"
        )
    if not is_right:
        raise RefusedError(f"{path} is no {'folder' if source.kind == 'folder' else 'file'} any more")


def _video_file(address: str, settings: Settings) -> str:
    path: Path = allowed_path(address, settings.allow)
    if not path.is_file():
        raise RefusedError(f"{address:.200} is not a file: give a video, a camera or a stream's address")
    return str(path)
