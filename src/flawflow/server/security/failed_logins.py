"""Failed logins: slow for whoever makes them, and in nobody else's way."""

import asyncio
import hmac
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from flawflow.server.errors import BusyError, RefusedError

_TRIES_PER_SECOND = 4.0
_BURST_TRIES = 5
_MAX_WAIT_SECONDS = 2.0
_MAX_CLIENTS = 10_000
_WRONG_TOKENS = "too many wrong tokens came from this address: wait a moment, then give the right one"


class FailedLogins:
    """How long whoever gives a token has to wait until it is looked at. Safe to use from several threads.

    A client address may be wrong some times. From then on its guesses are looked at one by one, a few a
    second, and what would have to wait for longer is refused unseen. An address from which the right token
    came never waits: who shares it with a program that knows the token, as behind a proxy, does not stop it.
    """

    def __init__(
        self, *, tries_per_second: float = _TRIES_PER_SECOND, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Begin without any guess.

        Args:
            tries_per_second: How many guesses of an address are looked at, once it has used up its first.
            clock: Gives seconds.
        """
        self._rate, self._clock = tries_per_second, clock
        self._lock = threading.Lock()
        # When the last of an address's guesses is paid for, at one every 1 / rate seconds.
        self._paid: OrderedDict[str, float] = OrderedDict()
        self._known: OrderedDict[str, None] = OrderedDict()

    def wait(self, client: str) -> float:
        """Give the seconds until a token from an address may be looked at; 0 where it has guesses left."""
        with self._lock:
            if client in self._known:
                return 0.0
            return max(0.0, self._ahead(client) - (_BURST_TRIES - 1) / self._rate)

    def take(self, client: str) -> None:
        """Count a token that is looked at, before it is."""
        with self._lock:
            self._paid[client] = self._clock() + self._ahead(client) + 1 / self._rate
            self._paid.move_to_end(client)
            if len(self._paid) > _MAX_CLIENTS:
                self._paid.popitem(last=False)

    def give_back(self, client: str) -> None:
        """Forget the guess that was taken last: it was right."""
        with self._lock:
            if client in self._paid:
                self._paid[client] -= 1 / self._rate

    def was_right(self, client: str) -> None:
        """Note that the right token came from an address."""
        with self._lock:
            self._paid.pop(client, None)
            self._known[client] = None
            self._known.move_to_end(client)
            if len(self._known) > _MAX_CLIENTS:
                self._known.popitem(last=False)

    def _ahead(self, client: str) -> float:
        return max(0.0, self._paid.get(client, 0.0) - self._clock())


class WrongTokenError(RefusedError):
    """What was given is not the station's token."""


class TooManyFailedLoginsError(BusyError):
    """An address gave too many wrong tokens or passwords."""

    status = 429

    def __init__(self, wait: float, sentence: str = _WRONG_TOKENS) -> None:
        """Say when to try again; `wait` is in seconds."""
        super().__init__(sentence, retry_after=max(1, math.ceil(wait)))


class TokenCheck:
    """Compares what clients give with the token, as fast as `FailedLogins` allows."""

    def __init__(self, token: str) -> None:
        self._token, self._guesses = token, FailedLogins()

    async def check(self, given: str, client: str) -> None:
        """Return where it is the token.

        Args:
            given: By the client.
            client: Its address.

        Raises:
            WrongTokenError: It is not.
            TooManyFailedLoginsError: It is not, or was not looked at, and too many came from this address.
        """
        wait = self._guesses.wait(client)
        if wait <= _MAX_WAIT_SECONDS:
            self._guesses.take(client)
            if wait:
                await asyncio.sleep(wait)
            if _same(given, self._token):
                self._guesses.was_right(client)
                return
            if not wait:
                raise WrongTokenError("this is not the station's token")
        raise TooManyFailedLoginsError(wait)


def _same(given: str, wanted: str) -> bool:
    """Compare secrets in a time that does not tell how far they agree."""
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), wanted.encode())
