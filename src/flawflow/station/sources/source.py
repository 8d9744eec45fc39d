"""What a source is, whatever its kind."""

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from flawflow.station.errors import RefusedError
from flawflow.station.safety.hosts import allowed_stream
from flawflow.station.safety.paths import allowed_path
from flawflow.station.settings import Settings
from flawflow.urls import shown_url

Kind = Literal["folder", "stream"]

_CAMERAS = "/dev/video"


@dataclass(frozen=True, kw_only=True)
class Source:
    """A source as it was asked for.

    Attributes:
        id: Its number.
        kind: A folder that is watched, or pictures of a camera, stream or video file.
        address: A folder or video file, a camera (`/dev/video0`), or an address of the network, of an allowed
            host.
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


class Runner(Protocol):
    """What gets a source's pictures inspected.

    Attributes:
        seen: Pictures that were inspected.
        error: What is wrong now; None where all is well.
    """

    seen: int
    error: str | None

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set, or there is nothing more to come."""
        ...


def is_network(address: str) -> bool:
    """Whether an address is one of the network."""
    return "://" in address


def is_camera(address: str) -> bool:
    """Whether an address is a camera of this computer."""
    return address.startswith(_CAMERAS) and address.removeprefix(_CAMERAS).isdecimal()


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
            raise RefusedError(f"{address:.200} is no folder: name the one into which pictures come")
        return str(folder)
    if is_network(address):
        return allowed_stream(address, settings.allow_streams)
    return address if is_camera(address) else _video_file(address, settings)


def _video_file(address: str, settings: Settings) -> str:
    path: Path = allowed_path(address, settings.allow)
    if not path.is_file():
        raise RefusedError(f"{address:.200} is no file: name a video, a camera or a stream's address")
    return str(path)
