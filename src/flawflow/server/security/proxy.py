"""People who have signed in elsewhere: a proxy that is trusted names them in a header."""

import ipaddress
import re

from starlette.requests import Request

from flawflow.server.errors import RefusedError
from flawflow.server.security.roles import ROLES, Role
from flawflow.server.settings import Settings

_GROUP = "flawflow-"
_BETWEEN = re.compile(r"[,;\s]+")


class UnknownPersonError(RefusedError):
    """The proxy names somebody who may not come in here."""


class ProxyNames:
    """Reads the headers of trusted proxies; those of anybody else are as if they were not there."""

    def __init__(self, settings: Settings) -> None:
        self._networks = [ipaddress.ip_network(text) for text in settings.proxies]
        self._user, self._group = settings.user_header, settings.group_header

    def name(self, request: Request) -> str | None:
        """Give the name of the person that a trusted proxy speaks for; None where none does.

        Raises:
            UnknownPersonError: The header is there more than once: somebody else than the proxy wrote one.
        """
        if self._user is None or not self._is_trusted(request):
            return None
        named = request.headers.getlist(self._user)
        if len(named) > 1:
            raise UnknownPersonError(
                f"the header {self._user} came twice: the proxy must replace the client's"
            )
        return named[0].strip().lower() or None if named else None

    def role(self, request: Request) -> Role | None:
        """Give the highest role among the person's groups; None where there is none."""
        lines = request.headers.getlist(self._group) if self._group else []
        groups = {group for line in lines for group in _BETWEEN.split(line)}
        return next((role for role in reversed(ROLES) if f"{_GROUP}{role}" in groups), None)

    def is_encrypted(self, request: Request) -> bool:
        """Whether the browser speaks TLS, with the station or with a trusted proxy."""
        if request.url.scheme == "https":
            return True
        return self._is_trusted(request) and request.headers.get("x-forwarded-proto") == "https"

    def _is_trusted(self, request: Request) -> bool:
        try:
            peer = ipaddress.ip_address(request.client.host if request.client is not None else "")
        except ValueError:
            return False
        # Where a socket serves both versions, an IPv4 address comes as ::ffff:10.0.8.1.
        mapped = peer.ipv4_mapped if isinstance(peer, ipaddress.IPv6Address) else None
        return any((mapped or peer) in network for network in self._networks)
