"""Who may come in: the right host, the right origin and, where one is set, the token."""

import hashlib
import hmac
import ipaddress
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from flawflow.station.meters import Meters
from flawflow.station.settings import Settings, is_loopback

COOKIE = "flawflow_station"

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# The page itself says nothing of the station; it asks for the token.
_OPEN_PATHS = frozenset({"/", "/api/health", "/api/login", "/api/logout", "/favicon.ico"})
_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


def session_of(token: str) -> str:
    """What the cookie holds in the place of the token, which it does not give away."""
    return hmac.new(token.encode(), b"flawflow station session", hashlib.sha256).hexdigest()


def is_open(path: str) -> bool:
    """Whether a path is served without a token."""
    return path in _OPEN_PATHS or path.startswith("/static/")


class Gate:
    """Turns away what does not belong here, before anything reads its body."""

    def __init__(self, app: ASGIApp, *, settings: Settings, meters: Meters) -> None:
        self._app, self._settings, self._meters = app, settings, meters
        self._is_known_host = host_check(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(Request(scope))
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _refusal(self, request: Request) -> JSONResponse | None:
        hosts = request.headers.getlist("host")
        host = hosts[0] if len(hosts) == 1 else ""
        if not self._is_known_host(host):
            # A foreign name that leads here is how a web page reads from a machine behind a firewall.
            return self._refuse(403, "host", "this station is not known by this name: use its address")
        if request.method not in _SAFE_METHODS and not is_same_origin(request, host):
            return self._refuse(403, "origin", "a page of another site may not do this")
        if (
            self._settings.token is not None
            and not is_open(request.url.path)
            and not self._may_enter(request)
        ):
            return self._refuse(401, "token", "give the station's token", {"www-authenticate": "Bearer"})
        return None

    def _may_enter(self, request: Request) -> bool:
        token = self._settings.token
        assert token is not None
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return same(given.strip(), token)
        return same(request.cookies.get(COOKIE, ""), session_of(token))

    def _refuse(
        self, status: int, reason: str, sentence: str, headers: dict[str, str] | None = None
    ) -> JSONResponse:
        self._meters.refused.labels(reason).inc()
        return JSONResponse({"detail": sentence}, status, headers)


def same(given: str, wanted: str) -> bool:
    """Compare secrets in a time that does not tell how far they agree."""
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), wanted.encode())


def is_same_origin(request: Request, host: str) -> bool:
    """Whether a request comes from the station's own page, or from no page at all.

    Browsers send one of the two headers with whatever changes something, and pages cannot forge them;
    programs send neither.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc.lower() == host.lower()


def host_check(settings: Settings) -> Callable[[str], bool]:
    """Make the check of the Host header.

    On a loopback address: its own names. On an address of its own: that one and the local names. On all
    addresses: any address, and the names of this machine.
    """
    usual = 80 if settings.certificate is None else 443
    own = set(_LOCAL_NAMES) | {settings.host.lower()}
    everywhere = settings.host in ("0.0.0.0", "::", "")
    if not is_loopback(settings.host):
        own |= {socket.gethostname().lower(), socket.getfqdn().lower()}

    def check(header: str) -> bool:
        try:
            parts = urlsplit(f"//{header}")
            name, port = (parts.hostname or "").lower(), parts.port
        except ValueError:
            return False
        if parts.netloc != header or "@" in header:
            return False
        if settings.port and (port or usual) != settings.port:
            return False
        return name in own or (everywhere and _is_address(name))

    return check


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
