"""HTTP/1.1 parsed by httptools, with a limit on everything that is not a body."""

import asyncio
import logging
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from flawflow.server.security.connections import Slot

# As much as the slower parser, h11, takes; the station's own page sends less than 1 KiB.
_MAX_HEAD_BYTES = 64 * 2**10

HEAD_SECONDS = 10.0
"""How long the head of a request may take, and a handshake of TLS before it."""

_UNREAD_SECONDS = 60.0

# Who sends what is no HTTP must not fill the log, a line for each.
_log = logging.getLogger("flawflow.server.http")
_log.setLevel(logging.ERROR)


class BoundedHttp(HttpToolsProtocol):
    """Hangs up on who keeps a connection and does nothing with it.

    - Headers, trailers and chunk extensions without end would fill the memory: what neither completes a head
      nor belongs to a body adds up, and may add up to 64 KiB.
    - Whatever is waited for while nothing is answered has a deadline: a first head, and the rest of
      whatever comes after an answer. The body of a request that is being answered has others (`BodyLimit`).
    - An answer that nobody reads holds its bytes for a minute.

    Attributes:
        slot: The connection's, given back at its end.
    """

    slot: Slot | None = None
    _loose = 0
    _late: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.logger = _log

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        self._set_late(None)
        self._set_unread(None)
        if self.slot is not None:
            self.slot.leave()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        self._loose += len(data)
        super().data_received(data)
        if self._loose > _MAX_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The headers are too long.")
        if self.cycle is None or self.cycle.response_complete:
            self._expect()
        self._close_in_time()

    def on_headers_complete(self) -> None:
        """Begin to serve a request."""
        self._loose = 0
        self._set_late(None)
        if self.slot is not None:
            self.slot.heard()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of a request's body."""
        self._loose = 0
        super().on_body(body)

    def on_response_complete(self) -> None:
        """Wait for the next request, or close."""
        super().on_response_complete()
        self._close_in_time()

    def timeout_keep_alive_handler(self) -> None:
        """Hang up on who has no more to ask, and has not read what he has asked for."""
        self.transport.abort()

    def pause_writing(self) -> None:
        """Wait until the client has read."""
        self._expect_reading()
        super().pause_writing()

    def resume_writing(self) -> None:
        """Go on."""
        self._set_unread(None)
        self._close_in_time()
        super().resume_writing()

    def _expect(self) -> None:
        # What comes meanwhile does not put it off: a byte now and then is how connections are held.
        if self._late is None and not self.transport.is_closing():
            self._set_late(self.loop.call_later(HEAD_SECONDS, self.transport.abort))

    def _close_in_time(self) -> None:
        # A closing connection waits until the client has read.
        if self.transport.is_closing():
            self._expect_reading()

    def _expect_reading(self) -> None:
        if self._unread is None:
            self._set_unread(self.loop.call_later(_UNREAD_SECONDS, self.transport.abort))

    def _set_late(self, timer: asyncio.TimerHandle | None) -> None:
        if self._late is not None:
            self._late.cancel()
        self._late = timer

    def _set_unread(self, timer: asyncio.TimerHandle | None) -> None:
        if self._unread is not None:
            self._unread.cancel()
        self._unread = timer
