"""A network camera as far as a test can be one: RTSP with interleaved RTP, or HTTP, that sends MPEG-TS."""

import io
import re
import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import av
import numpy as np

_PACKET = 188
_PER_RTP = 7 * _PACKET
_CLOCK = 90_000

# Payload type 33 is MPEG-TS, RFC 3551: the stream inside says all about itself.
_SDP = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=camera\r\nt=0 0\r\nm=video 0 RTP/AVP 33\r\na=control:track1\r\n"


def transport_stream(levels: list[int]) -> bytes:
    """Pictures of even levels, 25 a second, as MPEG-TS."""
    content = io.BytesIO()
    with av.open(content, "w", format="mpegts") as container:
        stream = container.add_stream("mpeg2video", rate=25)
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = 64, 48, "yuv420p", 1
        for level in levels:
            pixels = np.full((48, 64, 3), level, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    return content.getvalue()


class _Handler(socketserver.StreamRequestHandler):
    """Answers on one connection, whichever of the two protocols it speaks."""

    def handle(self) -> None:
        server = self.server
        assert isinstance(server, Camera)
        server.connections += 1
        try:
            while request := self._request():
                if not self._answer(request, server):
                    return
        except OSError:
            return

    def _request(self) -> str:
        lines = []
        while (line := self.rfile.readline().decode()).strip():
            lines.append(line)
        return "".join(lines)

    def _answer(self, request: str, server: "Camera") -> bool:
        """Answer; False where the connection has done its work."""
        method = request.partition(" ")[0]
        if method == "GET":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: video/mp2t\r\nConnection: close\r\n\r\n")
            for part in server.parts():
                self.wfile.write(part)
            return False
        number = re.search(r"CSeq: *(\d+)", request, re.IGNORECASE)
        headers, body = [f"CSeq: {number.group(1) if number else 0}", "Session: 1"], ""
        if method == "DESCRIBE":
            headers, body = [*headers, "Content-Type: application/sdp"], _SDP
        elif method == "SETUP":
            server.transports.append("TCP" if "RTP/AVP/TCP" in request else "UDP")
            headers.append("Transport: RTP/AVP/TCP;unicast;interleaved=0-1")
        elif method == "OPTIONS":
            headers.append("Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN")
        head = "".join(
            f"{line}\r\n" for line in ["RTSP/1.0 200 OK", *headers, f"Content-Length: {len(body)}"]
        )
        self.wfile.write(f"{head}\r\n{body}".encode())
        if method == "PLAY":
            for index, part in enumerate(server.parts()):
                rtp = struct.pack(">BBHII", 0x80, 33, index & 0xFFFF, index * _CLOCK // 25, 7) + part
                self.wfile.write(b"$\x00" + struct.pack(">H", len(rtp)) + rtp)
        return method not in ("PLAY", "TEARDOWN")


class Camera(socketserver.ThreadingTCPServer):
    """Listens on a port of 127.0.0.1; the address is `rtsp://…/live` or `http://…/live.ts`.

    Attributes:
        connections: How many clients have come.
        transports: What the clients of RTSP have asked for.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, levels: list[int], *, port: int = 0, endless: bool = False) -> None:
        self.connections, self.transports = 0, []
        self._content, self._endless = transport_stream(levels), endless
        self._over = threading.Event()
        super().__init__(("127.0.0.1", port), _Handler)

    def parts(self) -> Iterator[bytes]:
        """The pictures about as fast as they are taken, once or until the camera is switched off."""
        while not self._over.is_set():
            for start in range(0, len(self._content), _PER_RTP):
                yield self._content[start : start + _PER_RTP]
                if self._over.wait(0.005):
                    return
            if not self._endless:
                return

    @contextmanager
    def running(self) -> Iterator[int]:
        """Serve; gives the port. At the end every connection breaks off."""
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield self.server_address[1]
        finally:
            self._over.set()
            self.shutdown()
            thread.join()
            self.server_close()
