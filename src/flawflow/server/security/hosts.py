"""Addresses of streams that come from outside: only hosts that were named at the start are asked."""

import ipaddress
import re
import urllib.parse
from collections.abc import Sequence

from flawflow.errors import FlawflowError
from flawflow.server.errors import RefusedError
from flawflow.storage.urls import shown_url

SCHEMES = ("rtsp", "rtsps", "http", "https")
"""FFmpeg knows many more protocols, some of which read files or join others."""

# What readers of addresses understand in different ways is in none of a camera.
_PLAIN = re.compile(r"[!-~]+")
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9.])?")


def check_hosts(hosts: Sequence[str]) -> None:
    """Make sure that hosts are written as `allowed_stream` reads them.

    Raises:
        FlawflowError: One is none.
    """
    for text in hosts:
        try:
            _host(f"//{text}", text)
        except ValueError:
            raise FlawflowError(
                f"--allow-stream {text}: write a camera's name or address, and a port if only that is meant, "
                "such as camera7, 192.168.1.20:554 or [fe80::1]"
            ) from None


def check_networks(networks: Sequence[str]) -> None:
    """Make sure that networks are written as `ipaddress.ip_network` reads them.

    Raises:
        FlawflowError: One is none.
    """
    for text in networks:
        try:
            ipaddress.ip_network(text)
        except ValueError:
            raise FlawflowError(
                f"--proxy {text}: write an address or a network, such as 127.0.0.1 or 10.0.8.0/24"
            ) from None


def allowed_stream(address: str, hosts: Sequence[str]) -> str:
    """Give an address of the network if its host is an allowed one.

    Args:
        address: What was asked for.
        hosts: The allowed hosts, each with a port where only that is allowed.

    Raises:
        RefusedError: It is of a protocol that is not known, or of another host.
    """
    scheme = address.partition("://")[0]
    if scheme not in SCHEMES or _PLAIN.fullmatch(address) is None or "\\" in address:
        raise RefusedError(f"a stream's address begins with one of {', '.join(s + '://' for s in SCHEMES)}")
    try:
        host, port = _host(address)
    except ValueError:
        raise RefusedError(f"{shown_url(address):.200} has no host: write it as rtsp://camera/path") from None
    for text in hosts:
        name, only = _host(f"//{text}", text)
        if name == host and only in (None, port):
            return address
    raise RefusedError(
        f"{shown_url(address):.200} is on a host that this station may not contact: start it with "
        f"--allow-stream {f'[{host}]' if ':' in host else host}"
    )


def _host(address: str, whole: str | None = None) -> tuple[str, int | None]:
    """Give host and port; with `whole` there must be nothing else.

    Raises:
        ValueError: There is none.
    """
    parts = urllib.parse.urlsplit(address)
    host, port = (parts.hostname or "").lower(), parts.port
    if "@" in parts.netloc.rpartition("@")[0] or (whole is not None and parts.netloc != whole):
        raise ValueError(address)
    if whole is not None and "@" in whole:
        raise ValueError(address)
    try:
        return str(ipaddress.ip_address(host)), port
    except ValueError:
        if ":" in host or _NAME.fullmatch(host) is None:
            raise
        return host, port
