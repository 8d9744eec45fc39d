"""Records to a program that listens over HTTP."""

import hashlib
import http.client
import json
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from typing import Any

from flawflow import __version__
from flawflow.errors import SinkError
from flawflow.results.sinks.contract import DeliveryError, RefusedError, Result, Setting, Sink
from flawflow.storage.urls import shown_url

TOKEN_VARIABLE = "FLAWFLOW_WEBHOOK_TOKEN"
"""The environment variable whose value, if any, is sent as `Authorization: Bearer`."""

_TIMEOUT_SECONDS = 10.0
_MAX_REST_SECONDS = 300.0

# What says that this very record is at fault. Every other answer (a wrong address, a token that has
# expired, an overload) is a matter of time.
_NEVER_ACCEPTED_STATUSES = (400, 413, 415, 422)


def open_webhook(_setting: Setting, address: str) -> Sink:
    """Open the receiver at an address."""
    return Webhook(address)


class Webhook(Sink):
    """Posts each record as JSON and waits for an answer of the kind 2xx.

    The header `Idempotency-Key` is the same when a record comes again, as after a crash between answer and
    journal: a receiver that keeps the keys it has seen has each record once.
    """

    def __init__(self, url: str) -> None:
        """Look at the address; nothing is sent yet.

        Raises:
            SinkError: It is none of HTTP, or holds a password.
        """
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not has_host(parts):
            raise SinkError(
                f"{shown_url(url)} is not an HTTP address: give http://host/path or https://host/path"
            )
        if "@" in parts.netloc:
            raise SinkError(f"an address must hold no password: set {TOKEN_VARIABLE} instead")
        self._url, self._shown = url, shown_url(url)
        self.name = f"webhook={self._shown}"
        if self._shown != url:
            # The journal must tell addresses apart, and not know their secrets.
            self.name += f"#{hashlib.sha256(url.encode()).hexdigest()[:8]}"
        self._headers = {"Content-Type": "application/json", "User-Agent": f"flawflow/{__version__}"}
        if token := os.environ.get(TOKEN_VARIABLE):
            self._headers["Authorization"] = f"Bearer {token}"
        self._opener = urllib.request.build_opener(_NoRedirect)

    def deliver(self, results: Sequence[Result]) -> None:
        """Post the records; see `Sink.deliver`."""
        for result in results:
            request = urllib.request.Request(
                self._url,
                data=json.dumps(result.record.to_dict(), allow_nan=False).encode(),
                headers={**self._headers, "Idempotency-Key": f"{result.record.journal}-{result.record.id}"},
            )
            self._post(request)

    def close(self) -> None:
        """Every record has its own connection; nothing is held."""

    def _post(self, request: urllib.request.Request) -> None:
        try:
            with self._opener.open(request, timeout=_TIMEOUT_SECONDS) as answer:
                answer.read()
        except urllib.error.HTTPError as error:
            with error:
                if error.code in _NEVER_ACCEPTED_STATUSES:
                    raise RefusedError(f"{self._shown} answered {error.code} {error.reason}") from None
                after = _seconds(error.headers.get("Retry-After"))
                raise DeliveryError(f"{self._shown} answered {error.code} {error.reason}", after) from None
        except urllib.error.URLError as error:
            raise DeliveryError(f"{self._shown} cannot be reached ({error.reason})") from None
        except (OSError, http.client.HTTPException) as error:
            raise DeliveryError(f"{self._shown} broke off ({error or type(error).__name__})") from None


def has_host(parts: urllib.parse.SplitResult) -> bool:
    """Whether an address names a host, and a port that can be one if any."""
    try:
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirected POST would arrive as a GET without the record, and be answered with success."""

    def redirect_request(self, *_: Any) -> None:
        """Follow none."""


def _seconds(header: str | None) -> float:
    return min(float(header), _MAX_REST_SECONDS) if header and header.isdecimal() else 0.0
