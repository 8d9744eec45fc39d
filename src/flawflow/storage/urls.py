"""Addresses as they may be shown, logged and recorded: without what may be a secret."""

import re
import urllib.parse

_MASK = "***"
_SEPARATORS = re.compile("([&;])")

# What cameras and databases are asked for beside a password. All other values are masked: the names of
# secrets are as many as there are makers.
_HARMLESS = frozenset(
    {"camera", "channel", "codec", "fps", "height", "id", "name", "profile", "resolution", "size", "stream",
     "subtype", "unicast", "unix_sock", "uri", "width"}
)  # fmt: skip


def shown_url(address: str) -> str:
    """Give an address without user, password and fragment, and with the values that it asks with masked.

    Only values that are known to be no secret stay, such as a camera's channel; so does what is no URL.

    >>> shown_url("rtsp://me:secret@camera/live?channel=2&pwd=secret")
    'rtsp://camera/live?channel=2&pwd=***'
    >>> shown_url("rtsp://camera:554/user=me&password=secret&channel=1")
    'rtsp://camera:554/user=***&password=***&channel=1'
    >>> shown_url("/data/line@1")
    '/data/line@1'
    """
    scheme, separator, rest = address.partition("://")
    if not separator:
        return address
    # Up to the last @: a password that holds / or # unescaped would end the user's part by rights.
    rest = rest.rpartition("@")[2].partition("#")[0]
    path, question, query = rest.partition("?")
    path = "/".join(_masked(part) if "=" in part else part for part in path.split("/"))
    return f"{scheme}://{path}{question}{_masked(query)}"


def _masked(pairs: str) -> str:
    return "".join(_masked_pair(part) for part in _SEPARATORS.split(pairs))


def _masked_pair(part: str) -> str:
    name, equals, value = part.partition("=")
    if part in ("", "&", ";") or (equals and not value):
        return part
    if equals and urllib.parse.unquote(name).lower() in _HARMLESS:
        return part
    return f"{name}={_MASK}" if equals else _MASK
