"""Who is connected: so many at a time, of one address and together."""

import asyncio
import contextlib
import errno
import logging
import socket
import ssl
from collections.abc import Callable
from typing import Protocol

_PAUSE_SECONDS = 0.5
_TABLE_FULL = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

_log = logging.getLogger("flawflow.server")


class Place:
    """A connection's place among the others.

    Attributes:
        address: The client's.
        is_silent: Whether the head of a request has not come yet.
    """

    def __init__(self, connection: socket.socket, address: str, places: "Places") -> None:
        self.address, self.is_silent = address, True
        self._connection, self._places = connection, places

    def heard(self) -> None:
        """Note that a whole head has come."""
        self.is_silent = False

    def leave(self) -> None:
        """Give the place back; may be called twice."""
        self._places.remove(self)

    def hang_up(self) -> None:
        """End the connection, whatever its protocol waits for."""
        self.leave()
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)


class Places:
    """Bounded places; who comes takes that of the one who has been silent for longest, where all are taken.

    So those who hold connections without a word keep nobody out, and nobody who has spoken is cut off.
    """

    def __init__(self, most: int, *, most_of_one: int, refused: Callable[[], None] = lambda: None) -> None:
        """Begin with all places free.

        Args:
            most: Connections together.
            most_of_one: Connections of one address.
            refused: Called for each connection that is not let in, or hung up on for another.
        """
        self._most, self._most_of_one, self._refused = most, most_of_one, refused
        # Dictionaries for their order: the oldest first.
        self._all: dict[Place, None] = {}
        self._of: dict[str, dict[Place, None]] = {}

    def enter(self, connection: socket.socket, address: str) -> Place | None:
        """Take a place; None where there is none."""
        for places, most in ((self._of.get(address, {}), self._most_of_one), (self._all, self._most)):
            if len(places) < most:
                continue
            self._refused()
            silent = next((place for place in places if place.is_silent), None)
            if silent is None:
                return None
            silent.hang_up()
        place = Place(connection, address, self)
        self._all[place] = None
        self._of.setdefault(address, {})[place] = None
        return place

    def remove(self, place: Place) -> None:
        """Free a place."""
        if place not in self._all:
            return
        del self._all[place]
        own = self._of[place.address]
        del own[place]
        if not own:
            del self._of[place.address]

    def __len__(self) -> int:
        return len(self._all)


class Placed(Protocol):
    """A protocol that gives its place back when its connection is lost."""

    place: Place | None


async def accept(
    listener: socket.socket,
    protocol: Callable[[], asyncio.Protocol],
    places: Places,
    *,
    tls: ssl.SSLContext | None,
    handshake_seconds: float,
) -> None:
    """Take connections until cancelled.

    asyncio's own server logs a line for every connection that waits while the table of descriptors is full,
    some hundred thousand a minute. Here they wait, and one line says so.

    Args:
        listener: Non-blocking.
        protocol: Makes a connection's protocol, which is `Placed`.
        places: Who may be connected.
        tls: Where TLS is spoken.
        handshake_seconds: How long its handshake may take.
    """
    loop = asyncio.get_running_loop()
    handshake = None if tls is None else handshake_seconds
    beginning: set[asyncio.Task[None]] = set()
    is_told = False

    async def begin(connection: socket.socket, place: Place) -> None:
        def placed() -> asyncio.Protocol:
            made = protocol()
            made.place = place  # type: ignore[attr-defined]
            return made

        try:
            await loop.connect_accepted_socket(placed, connection, ssl=tls, ssl_handshake_timeout=handshake)
        except OSError:  # No TLS, or the client is gone.
            place.leave()

    while True:
        try:
            connection, name = await loop.sock_accept(listener)
        except OSError as error:
            if error.errno in _TABLE_FULL and not is_told:
                is_told = True
                _log.error("connections wait: %s", error.strerror)
            await asyncio.sleep(_PAUSE_SECONDS)
            continue
        is_told = False
        place = places.enter(connection, name[0])
        if place is None:
            connection.close()
        else:
            task = loop.create_task(begin(connection, place))
            beginning.add(task)
            task.add_done_callback(beginning.discard)
        # However many come, those who are connected have their turn.
        await asyncio.sleep(0)
