"""All lines of a station, and the servers by which machines speak with them."""

import contextlib
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Protocol, Self

from flawflow.errors import FlawflowError
from flawflow.server.handshake.address import read_address
from flawflow.server.handshake.folder_frames import FolderFrames
from flawflow.server.handshake.frames import Frames
from flawflow.server.handshake.line import Done, Inspect, Line
from flawflow.server.handshake.modbus import ModbusServer
from flawflow.server.handshake.opcua import OpcUaServer
from flawflow.server.handshake.stream_frames import StreamFrames
from flawflow.server.inspection_service import Given, Outcome
from flawflow.server.settings import Settings
from flawflow.server.sources.frames import require_reader
from flawflow.server.sources.source import is_camera, is_network
from flawflow.server.station import Station
from flawflow.storage.urls import shown_url

_MODBUS_PORT, _OPCUA_PORT = 502, 4840
INSPECT_SECONDS = 10.0
"""How long an inspection may take before its job has failed."""


class _Server(Protocol):
    port: int

    def close(self) -> None: ...


class Machine:
    """Lines and servers, opened together and closed together."""

    def __init__(self, lines: list[Line], servers: dict[str, _Server], shown: dict[str, str]) -> None:
        """Take what was opened; see `open`."""
        self.lines, self.servers, self._shown = lines, servers, shown

    @classmethod
    def open(cls, station: Station) -> Self:
        """Open what the settings name, which may be nothing.

        Raises:
            FlawflowError: A source or an address cannot be used, or a package is missing.
        """
        settings, lines, servers = station.settings, list[Line](), dict[str, _Server]()
        places = dict(map(_named, settings.lines))
        if settings.modbus is not None and settings.opcua is not None:
            raise FlawflowError("a line has one machine: give either --modbus or --opcua")
        if (settings.modbus or settings.opcua) is not None and not places:
            raise FlawflowError("a machine's trigger needs images: name a folder or camera with --line")
        if len(places) < len(settings.lines):
            raise FlawflowError("two lines have one name: write --line NAME=SOURCE")
        with contextlib.ExitStack() as opened:
            for name, place in places.items():
                line = _line(name, _frames(place, settings), station)
                opened.callback(line.close)
                lines.append(line)
            if settings.modbus is not None:
                address = read_address(settings.modbus, port=_MODBUS_PORT)
                servers["modbus"] = ModbusServer(address, lines, _names(station))
                opened.callback(servers["modbus"].close)
            if settings.opcua is not None:
                address = read_address(settings.opcua, port=_OPCUA_PORT)
                servers["opcua"] = OpcUaServer(address, lines, station.registry.all)
            opened.pop_all()
        return cls(lines, servers, {name: shown_url(place) for name, place in places.items()})

    def close(self) -> None:
        """Give up what is in work, which machines may still see, and hang up."""
        for line in self.lines:
            line.close()
        for server in self.servers.values():
            server.close()

    def to_json(self) -> dict[str, Any]:
        """Give everything ready for JSON."""
        return {
            "ports": {protocol: server.port for protocol, server in self.servers.items()},
            "lines": [_json(line, self._shown[line.name]) for line in self.lines],
        }


def _named(text: str) -> tuple[str, str]:
    """Read `NAME=SOURCE`, or a source that is its own name.

    >>> _named("gears=/dev/video0"), _named("/data/in")
    (('gears', '/dev/video0'), ('/data/in', '/data/in'))
    """
    name, equals, place = text.partition("=")
    is_named = bool(equals) and name.replace("-", "").replace("_", "").isalnum()
    return (name, place) if is_named else (text, text)


def _names(station: Station) -> Callable[[], list[str]]:
    return lambda: [model.name for model in station.registry.all()]


def _frames(place: str, settings: Settings) -> Frames:
    if is_network(place) or is_camera(place):
        require_reader(place)
        return StreamFrames(place, take=settings.take, max_pixels=settings.max_pixels)
    return FolderFrames(Path(place), take=settings.take, max_bytes=settings.max_picture_bytes)


def _line(name: str, frames: Frames, station: Station) -> Line:
    return Line(
        name,
        frames,
        _inspect(station, _label(name)),
        image_seconds=station.settings.image_seconds,
        inspect_seconds=INSPECT_SECONDS,
    )


def _label(name: str) -> str:
    """What the record calls a line."""
    return f"line:{shown_url(name)}"


def _inspect(station: Station, label: str) -> Inspect:
    def inspect(recipe: str, name: str, content: bytes) -> "Future[Outcome]":
        models = station.registry.all()
        model = models[0] if models and not recipe else station.registry.get(recipe or None)
        (future,) = station.inspection_service.submit(model, [Given(name, content)], source=label)
        return future

    return inspect


def _json(line: Line, source: str) -> dict[str, Any]:
    state, done = line.state, line.last
    result = state.result
    return {
        "name": line.name,
        "source": source,
        "label": _label(line.name),
        "error": line.error or None,
        "enabled": state.enabled,
        "phase": state.phase.value,
        "job": state.job,
        "part": state.part,
        "code": state.code.name,
        "problem": None if result is None else result.reason or None,
        "inspection": None if result is None else result.inspection or None,
        "missed": state.missed,
        "dropped": state.dropped,
        "seconds": line.seconds,
        "last": None if done is None else _done_json(done),
    }


def _done_json(done: Done) -> dict[str, Any]:
    return {
        "job": done.job,
        "code": done.result.code.name,
        "problem": done.result.reason or None,
        "inspection": done.result.inspection or None,
        "time": done.time.isoformat(timespec="milliseconds"),
    }
