"""A host that may be asked leads to no other."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from flawflow.server.sources.frames import StreamError, shots

pytest.importorskip("av", reason="the extra video is not installed")


class Host(ThreadingHTTPServer):
    """Remembers what it was asked for, and answers with what `lead` gives."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.asked: list[str] = []
        self.elsewhere = ""


class Answer(BaseHTTPRequestHandler):
    server: Host

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        target = f"{self.server.elsewhere}/secret.ts"
        if self.path == "/redirect":
            self.send_response(302)
            self.send_header("Location", target)
            self.end_headers()
            return
        lists = {
            "/live.m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{target}\n#EXT-X-ENDLIST\n",
            "/list.ffconcat": f"ffconcat version 1.0\nfile '{target}'\n",
        }
        self.send_response(200)
        self.end_headers()
        self.wfile.write(lists.get(self.path, "").encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def hosts() -> Iterator[tuple[Host, Host]]:
    pair = Host(), Host()
    for each in pair:
        threading.Thread(target=each.serve_forever, daemon=True).start()
    pair[0].elsewhere = f"http://127.0.0.1:{pair[1].server_port}"
    yield pair
    for each in pair:
        each.shutdown()
        each.server_close()


@pytest.mark.parametrize("path", ["/redirect", "/live.m3u8", "/list.ffconcat"])
def test_nobody_is_led_elsewhere(hosts: tuple[Host, Host], path: str):
    allowed, other = hosts
    with pytest.raises(StreamError):
        next(shots(f"http://127.0.0.1:{allowed.server_port}{path}", max_pixels=10_000))
    assert allowed.asked
    assert other.asked == []
