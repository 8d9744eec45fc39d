"""Headers of every answer: what a browser may do with it."""

import base64
import hashlib

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# No inline script or style: whatever text came from outside, nothing of it can run. The one page that is a
# file of its own names its style by its checksum.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    # Keeps other sites from showing the station's pictures by <img>, which asks no permission.
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}


def policy_with_style(style: str) -> dict[str, str]:
    """Give the header of a page that carries this style sheet itself, and may use no other."""
    checksum = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    own = CONTENT_SECURITY_POLICY.replace("style-src 'self'", f"style-src 'sha256-{checksum}'")
    return {"content-security-policy": own}


class SafeHeaders:
    """Adds the headers, to errors as well."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""

        async def send_safe(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault(
                    "cache-control", "no-cache" if scope["path"].startswith("/static/") else "no-store"
                )
            await send(message)

        await self._app(scope, receive, send_safe)
