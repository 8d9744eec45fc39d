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


class Slot:
    """A connection's place among the others.

    Attributes:
        address: The client's.
        is_silent: Whether the head of a request has not come yet.
    """

    def __init__(self, connection: socket.socket, address: str, slots: "Slots") -> None:
        self.address, self.is_silent = address, True
        self._connection, self._places = connection, slots

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


class Slots:
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
        self._all: dict[Slot, None] = {}
        self._of: dict[str, dict[Slot, None]] = {}

    def enter(self, connection: socket.socket, address: str) -> Slot | None:
        """Take a place; None where there is none."""
        for slots, most in ((self._of.get(address, {}), self._most_of_one), (self._all, self._most)):
            if len(slots) < most:
                continue
            self._refused()
            silent = next((slot for slot in slots if slot.is_silent), None)
            if silent is None:
                return None
            silent.hang_up()
        slot = Slot(connection, address, self)
        self._all[slot] = None
        self._of.setdefault(address, {})[slot] = None
        return slot

    def remove(self, slot: Slot) -> None:
        """Free a place."""
        if slot not in self._all:
            return
        del self._all[slot]
        own = self._of[slot.address]
        del own[slot]
        if not own:
            del self._of[slot.address]

    def __len__(self) -> int:
        return len(self._all)


class HasSlot(Protocol):
    """A protocol that gives its place back when its connection is lost."""

    slot: Slot | None


async def accept(
    listener: socket.socket,
    protocol: Callable[[], asyncio.Protocol],
    slots: Slots,
    *,
    tls: ssl.SSLContext | None,
    handshake_seconds: float,
) -> None:
    """Take connections until cancelled.

    asyncio's own server logs a line for every connection that waits while the table of descriptors is full,
    some hundred thousand a minute. Here they wait, and one line says so.

    Args:
        listener: Non-blocking.
        protocol: Makes a connection's protocol, which is `HasSlot`.
        slots: Who may be connected.
        tls: Where TLS is spoken.
        handshake_seconds: How long its handshake may take.
    """
    loop = asyncio.get_running_loop()
    handshake = None if tls is None else handshake_seconds
    beginning: set[asyncio.Task[None]] = set()
    is_told = False

    async def begin(connection: socket.socket, slot: Slot) -> None:
        def placed() -> asyncio.Protocol:
            made = protocol()
            made.slot = slot  # type: ignore[attr-defined]
            return made

        try:
            await loop.connect_accepted_socket(placed, connection, ssl=tls, ssl_handshake_timeout=handshake)
        except OSError:  # No TLS, or the client is gone.
            slot.leave()

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
        slot = slots.enter(connection, name[0])
        if slot is None:
            connection.close()
        else:
            task = loop.create_task(begin(connection, slot))
            beginning.add(task)
            task.add_done_callback(beginning.discard)
        # However many come, those who are connected have their turn.
        await asyncio.sleep(0)
