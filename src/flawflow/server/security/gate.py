"""Who may come in: the right host, the right origin and, where somebody has to sign in, the right person."""

import ipaddress
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from flawflow.server.actor import ACTOR, ANYONE, Actor
from flawflow.server.security.access import Visitor, Way, client_of
from flawflow.server.security.failed_logins import TooManyFailedLoginsError, WrongTokenError
from flawflow.server.security.proxy import UnknownPersonError
from flawflow.server.security.roles import has_right, lowest_of, right_of
from flawflow.server.settings import Settings, is_loopback
from flawflow.server.station import Station

# The key of a request's scope under which the `Visitor` is that it comes from.
_VISITOR = "flawflow.visitor"

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# The page itself says nothing of the station; it asks for the token.
_OPEN_PATHS = frozenset({"/", "/api/health", "/v2/health/live", "/api/login", "/api/logout", "/favicon.ico"})
_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


def visitor_of(request: Request) -> Visitor:
    """Give who a request comes from that `Gate` let pass."""
    found: Visitor = request.scope[_VISITOR]
    return found


def is_open(path: str) -> bool:
    """Whether a path is served without a token."""
    return path in _OPEN_PATHS or path.startswith("/static/")


class Gate:
    """Turns away what does not belong here, before anything reads its body."""

    def __init__(self, app: ASGIApp, *, station: Station) -> None:
        self._app, self._metrics = app, station.metrics
        self._access = station.access
        self._is_known_host = host_check(station.settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        # Whoever logs in has no name before.
        before = ACTOR.set(Actor(ANYONE, client_of(request)))
        try:
            refusal = self._foreign(request) or await self._unknown(request)
            await (refusal or self._app)(scope, receive, send)
        finally:
            ACTOR.reset(before)

    def _foreign(self, request: Request) -> JSONResponse | None:
        hosts = request.headers.getlist("host")
        host = hosts[0] if len(hosts) == 1 else ""
        if not self._is_known_host(host):
            # A foreign name that leads here is how a web page reads from a machine behind a firewall.
            return self._refuse(403, "host", "this station does not answer to this name: use its address")
        if request.method not in _SAFE_METHODS and not is_same_origin(request, host):
            return self._refuse(403, "origin", "a page of another site may not do this")
        return None

    async def _unknown(self, request: Request) -> JSONResponse | None:
        """Refuse who has not signed in, or may not do what is asked for; know everybody else."""
        if is_open(request.url.path):
            return None
        try:
            visitor = await self._access.identify(request)
        except WrongTokenError:
            visitor = None
        except TooManyFailedLoginsError as error:
            return self._refuse(429, "token", str(error), {"retry-after": str(error.retry_after)})
        except UnknownPersonError as error:
            return self._refuse(403, "person", str(error))
        if visitor is None:
            return self._ask()
        right = right_of(request.method, request.url.path)
        if not has_right(visitor.role, right):
            return self._refuse(403, "role", _forbidden(visitor, right))
        request.scope[_VISITOR] = visitor
        ACTOR.set(Actor(visitor.name, client_of(request)))
        return None

    def _ask(self) -> JSONResponse:
        ways = self._access.ways
        answer: dict[str, str | list[Way]] = {"detail": "give the station's token"}
        if "password" in ways:
            answer = {"detail": "sign in, or give a token", "ways": list(ways)}
        self._metrics.refused.labels("token").inc()
        return JSONResponse(answer, 401, {"www-authenticate": "Bearer"})

    def _refuse(
        self, status: int, reason: str, sentence: str, headers: dict[str, str] | None = None
    ) -> JSONResponse:
        self._metrics.refused.labels(reason).inc()
        return JSONResponse({"detail": sentence}, status, headers)


def _forbidden(visitor: Visitor, right: str) -> str:
    return f"this takes the role {lowest_of(right)}: {visitor.name} is {visitor.role} here"


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
