"""HTTP/1.1 as fast as it comes, with a bound on what is no body."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# As much as the slower parser, h11, takes; the station's own page sends less than 1 KiB.
_MOST_BYTES = 64 * 2**10


class BoundedHttp(HttpToolsProtocol):
    """Hangs up on headers, trailers and chunk extensions without end, which would fill the memory.

    What neither completes a head nor belongs to a body adds up, and may add up to 64 KiB.
    """

    _loose = 0

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        self._loose += len(data)
        super().data_received(data)
        if self._loose > _MOST_BYTES and not self.transport.is_closing():
            self.send_400_response("The headers are too long.")

    def on_headers_complete(self) -> None:
        """Begin to serve a request."""
        self._loose = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of a request's body."""
        self._loose = 0
        super().on_body(body)
