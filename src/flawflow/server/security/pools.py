"""Room for what arrives, apart for each kind: who fills one keeps nobody from the others."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol

from flawflow.server.security.gate import is_open
from flawflow.server.settings import Settings

# What surrounds the files of a multipart request.
_FORM_OVERHEAD_BYTES = 1 << 20
_MASK_BYTES = 16 << 20
_OTHER_BYTES = 1 << 20
# A token, or nothing.
_OPEN_BYTES = 64 << 10


class Arriving(Protocol):
    """A body on its way.

    Attributes:
        client: Whose it is.
        due: When it has fallen behind for too long, by the event loop's clock.
    """

    client: str
    due: float

    def is_behind(self) -> bool:
        """Whether it comes more slowly than the slowest rate for some time now."""
        ...

    def end(self) -> None:
        """Refuse it."""
        ...


@dataclass(frozen=True, kw_only=True)
class Pool:
    """What the bodies of one kind of request may take.

    Attributes:
        body_bytes: Bytes of one body.
        bytes_together: Bytes of all bodies that have come and are not answered yet.
        bytes_of_one: The same of one client.
        slots: Bodies that arrive at a time.
        slots_of_one: The same of one client.
        patience: Seconds that a body may fall behind the slowest rate.
    """

    body_bytes: int
    bytes_together: int
    bytes_of_one: int
    slots: int
    slots_of_one: int
    patience: float
    _arriving: list[Arriving] = field(default_factory=list)
    _bytes: Counter[str] = field(default_factory=Counter)

    def enter(self, body: Arriving) -> bool:
        """Take a slot, that of the slowest body where all are taken and one is behind; False for none."""
        own = [each for each in self._arriving if each.client == body.client]
        for bodies, most in ((own, self.slots_of_one), (self._arriving, self.slots)):
            if len(bodies) < most:
                continue
            slowest = min(bodies, key=lambda each: each.due)
            if not slowest.is_behind():
                return False
            self.leave(slowest)
            slowest.end()
        self._arriving.append(body)
        return True

    def leave(self, body: Arriving) -> None:
        """Give a slot back; may be called twice."""
        if body in self._arriving:
            self._arriving.remove(body)

    def is_full(self) -> bool:
        """Whether all slots are taken, whoever has them."""
        return len(self._arriving) >= self.slots

    def has_room(self, client: str, size: int) -> bool:
        """Whether so many more bytes of a client may come."""
        together = self._bytes.total() + size
        return together <= self.bytes_together and self._bytes[client] + size <= self.bytes_of_one

    def count(self, client: str, size: int) -> None:
        """Count bytes that come or go."""
        self._bytes[client] += size
        # Clients that are gone leave nothing behind.
        if not self._bytes[client]:
            del self._bytes[client]


@dataclass(frozen=True)
class Pools:
    """The pools of a station."""

    pictures: Pool
    masks: Pool
    open: Pool
    others: Pool

    @classmethod
    def of(cls, settings: Settings) -> "Pools":
        """Make them: a client has at most half of a pool, and without a token an eighth."""
        most = settings.max_waiting_bytes + _FORM_OVERHEAD_BYTES
        return cls(
            # Twice what may wait: as much again may be on its way to the queue.
            pictures=Pool(
                body_bytes=most,
                bytes_together=2 * most,
                bytes_of_one=most,
                slots=64,
                slots_of_one=32,
                patience=30.0,
            ),
            masks=_even(_MASK_BYTES, slots=16, slots_of_one=8, patience=30.0),
            open=_even(_OPEN_BYTES, slots=64, slots_of_one=8, patience=10.0),
            others=_even(_OTHER_BYTES, slots=32, slots_of_one=16, patience=10.0),
        )

    def of_path(self, path: str) -> Pool:
        """The pool of a request."""
        of_draft = path.startswith("/api/drafts/") and path.endswith("/pictures")
        if path == "/api/inspect" or of_draft or (path.startswith("/v2/") and path.endswith("/infer")):
            return self.pictures
        if path.endswith(("/mask", "/roi")):
            return self.masks
        return self.open if is_open(path) else self.others


def _even(size: int, *, slots: int, slots_of_one: int, patience: float) -> Pool:
    """A pool of as many bytes as its slots can hold."""
    return Pool(
        body_bytes=size,
        bytes_together=slots * size,
        bytes_of_one=slots_of_one * size,
        slots=slots,
        slots_of_one=slots_of_one,
        patience=patience,
    )
