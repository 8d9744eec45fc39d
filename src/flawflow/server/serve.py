"""Runs a station until it is stopped."""

import asyncio
import contextlib
import functools
import logging
import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType

import uvicorn

from flawflow.errors import FlawflowError
from flawflow.server.app import create_app
from flawflow.server.protocol import HEAD_SECONDS, BoundedHttp
from flawflow.server.security.certificate import Renewal, check_certificate
from flawflow.server.security.connections import Slots, accept
from flawflow.server.security.descriptors import raise_limit
from flawflow.server.settings import Settings
from flawflow.server.station import Station

# Listening pages are closed at once; this is for uploads that are on their way.
_GRACE_SECONDS = 10
_BACKLOG = 512
_RENEWAL_SECONDS = 2.0

_log = logging.getLogger("flawflow.server")


class Server(uvicorn.Server):
    """Lets connections in by its own rules, and ends the streams of events first when it stops.

    A graceful stop waits for every answer to end.
    """

    def __init__(self, settings: Settings, station: Station, config: uvicorn.Config) -> None:
        """Serve nothing yet; `serve` takes the one socket to listen on."""
        super().__init__(config)
        self.station = station
        # Half for connections, half for whatever the station itself opens.
        most = min(settings.max_connections, raise_limit() // 2)
        self.slots = Slots(
            most,
            most_of_one=settings.max_connections_of_one,
            refused=station.metrics.refused.labels("connections").inc,
        )
        self._accepting: asyncio.Task[None] | None = None
        self._renewing: asyncio.Task[None] | None = None
        self._pair = settings.certificate, settings.key

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, then let connections in."""
        await super().startup(sockets=[])
        assert sockets is not None
        state = self.lifespan.state
        protocol = functools.partial(
            BoundedHttp, config=self.config, server_state=self.server_state, app_state=state
        )
        self._accepting = asyncio.create_task(
            accept(sockets[0], protocol, self.slots, tls=self.config.ssl, handshake_seconds=HEAD_SECONDS)
        )
        self._accepting.add_done_callback(self._stop_accepting)
        self._renewing = asyncio.create_task(self._renew())

    async def _renew(self) -> None:
        """Look at the certificate now and then, and at once when SIGHUP asks for it."""
        certificate, key = self._pair
        asked = asyncio.Event()
        if _has_hangup():
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, asked.set)
        if self.config.ssl is None or certificate is None or key is None:
            return
        renewal = Renewal(self.config.ssl, certificate, key)
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asked.wait(), _RENEWAL_SECONDS)
            await asyncio.to_thread(renewal.look, is_asked=asked.is_set())
            asked.clear()

    def _stop_accepting(self, task: asyncio.Task[None]) -> None:
        # A station that nobody can reach must not look as if it ran: whoever watches over it starts it again.
        if not task.cancelled():
            _log.error("no more connections can be accepted", exc_info=task.exception())
            self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let nobody in any more and finish what is in work."""
        for task in (self._accepting, self._renewing):
            if task is not None:
                task.cancel()
        await super().shutdown(sockets=sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop."""
        self.station.events.close()
        super().handle_exit(sig, frame)


def serve(settings: Settings, *, started: Callable[[str], None]) -> None:
    """Start a station and serve it until SIGINT or SIGTERM.

    Args:
        settings: The station's settings.
        started: Called with the page's address when clients can connect.

    Raises:
        FlawflowError: When it cannot start.
    """
    if _has_hangup():
        # Until it is listened for: it would end the process.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if settings.certificate is not None and settings.key is not None:
        check_certificate(settings.certificate, settings.key)
    with listen(settings.host, settings.port) as listener:
        _serve_on(listener, settings, started)


def _has_hangup() -> bool:
    """Whether SIGHUP can be listened for: Windows has none, and only the main thread hears of signals."""
    return hasattr(signal, "SIGHUP") and threading.current_thread() is threading.main_thread()


def _serve_on(listener: socket.socket, settings: Settings, started: Callable[[str], None]) -> None:
    server = make_server(settings)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    scheme = "https" if server.config.is_ssl else "http"
    started(f"{scheme}://{host}:{listener.getsockname()[1]}/")
    try:
        asyncio.run(server.serve(sockets=[listener]))
    finally:
        server.station.close()


def make_server(settings: Settings) -> Server:
    """Start a station and give what serves it.

    Raises:
        FlawflowError: When it cannot start.
    """
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
    return Server(settings, app.state.station, config)


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
    listener.setblocking(False)
    return listener
