"""Where a server for machines listens."""

from dataclasses import dataclass

from flawflow.errors import FlawflowError


@dataclass(frozen=True)
class Address:
    """A host and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def read_address(text: str, *, port: int) -> Address:
    """Read `host`, `host:port` or `[host]:port`.

    Args:
        text: As it was given.
        port: Where none is named.

    Raises:
        FlawflowError: It is neither.

    >>> read_address("0.0.0.0", port=502), read_address("[::1]:5020", port=502)
    (Address(host='0.0.0.0', port=502), Address(host='::1', port=5020))
    """
    host, _, given = text.rpartition("]:" if text.startswith("[") else ":")
    if not host:
        host, given = text, str(port)
    host = host.strip("[]")
    if not host or not given.isdecimal() or int(given) > 0xFFFF:
        raise FlawflowError(
            f"{text:.100} is no address to listen on: write host:port, as in 127.0.0.1:{port}"
        )
    return Address(host, int(given))
