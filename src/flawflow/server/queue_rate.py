"""How long the queue takes, told by what leaves it: waiting for the disk and the database is part of it."""

import math
import time
from collections.abc import Callable

# Some fifty pictures back; they leave in groups, as they share commits.
_KEPT_SHARE = 0.98
# What is expected before anything has left, worth a tenth of a picture that has.
_EXPECTED_SECONDS, _EXPECTED_COUNT = 0.002, 0.1
_MAX_WAIT_SECONDS = 600


class QueueRate:
    """The time between two pictures that leave the queue. The caller keeps threads apart."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seconds, self._count = _EXPECTED_SECONDS, _EXPECTED_COUNT
        self._last = clock()

    def begin(self) -> None:
        """Note that there is something in the queue again."""
        self._last = self._clock()

    def leave(self) -> None:
        """Note that a picture left."""
        now = self._clock()
        self._seconds = _KEPT_SHARE * self._seconds + now - self._last
        self._count = _KEPT_SHARE * self._count + 1
        self._last = now

    def seconds(self, count: int) -> int:
        """Give the whole seconds, 1 or more, after which so many pictures will have left."""
        passed = self._seconds + self._clock() - self._last
        # Nothing has left for a while where the disk or the database stands still.
        each = max(self._seconds / self._count, passed / (self._count + 1))
        return min(max(math.ceil(count * each), 1), _MAX_WAIT_SECONDS)
