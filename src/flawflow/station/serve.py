"""Runs a station until it is told to stop."""

import asyncio
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn

from flawflow.errors import FlawflowError
from flawflow.station.app import create_app
from flawflow.station.protocol import BoundedHttp
from flawflow.station.safety.certificate import check_certificate
from flawflow.station.settings import Settings
from flawflow.station.station import Station

# Pages that listen are told to go at once; this is for uploads that are on their way.
_GRACE_SECONDS = 10
_BACKLOG = 512


class _Server(uvicorn.Server):
    """Ends the streams of events first: a graceful stop waits for every answer to end."""

    def __init__(self, config: uvicorn.Config, station: Station) -> None:
        super().__init__(config)
        self._station = station

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._station.events.close()
        super().handle_exit(sig, frame)


def serve(settings: Settings, *, started: Callable[[str], None]) -> None:
    """Start a station and serve it until SIGINT or SIGTERM.

    Args:
        settings: What it is told.
        started: Called with the page's address when clients can connect.

    Raises:
        FlawflowError: When it cannot start.
    """
    if settings.certificate is not None and settings.key is not None:
        check_certificate(settings.certificate, settings.key)
    with listen(settings.host, settings.port) as listener:
        _serve_on(listener, settings, started)


def _serve_on(listener: socket.socket, settings: Settings, started: Callable[[str], None]) -> None:
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        http=BoundedHttp,
        ws="none",
        ssl_certfile=settings.certificate,
        ssl_keyfile=settings.key,
        log_level="warning",
        access_log=False,
        # Neither whose software this is, nor what a proxy is said to have seen.
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    server = _Server(config, app.state.station)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    scheme = "https" if config.is_ssl else "http"
    started(f"{scheme}://{host}:{listener.getsockname()[1]}/")
    try:
        asyncio.run(server.serve(sockets=[listener]))
    finally:
        app.state.station.close()


def listen(host: str, port: int) -> socket.socket:
    """A socket that waits for connections.

    Raises:
        FlawflowError: The address cannot be had.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise FlawflowError(
            f"cannot listen on {host}, port {port} ({error.strerror or error}): "
            "choose another --host or --port"
        ) from None
    # Connections inherit it. Otherwise an answer's body waits until the client acknowledges its headers,
    # which clients put off by 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
