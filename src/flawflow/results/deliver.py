"""Delivering the results of an inspection that ends: in order, to every sink, in one thread."""

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from flawflow.results.sinks.contract import DeliveryError, RefusedError, Result, Sink
from flawflow.storage.backoff import Backoff

# Pauses of 1, 2, 4, 8 and 16 seconds: what restarts meanwhile gets everything.
_MAX_TRIES = 6
# What a receiver may ask for between two tries: an inspection waits meanwhile.
_MAX_REST_SECONDS = 30.0


class Delivery:
    """Hands every result to every sink.

    A sink that does not answer is tried again for half a minute, or longer where it asks for that, while the
    inspection waits; after that it gets nothing more. A disk that is full ends the inspection.

    Attributes:
        sinks: In the order of delivery.
        missed: How many results each sink has not got, by its name.
        troubles: Why, the last time.
    """

    def __init__(self, sinks: Sequence[Sink], *, first_pause: float = 1.0) -> None:
        """Begin; `first_pause` is the seconds before the second try, which double with each further one."""
        self.missed: Counter[str] = Counter()
        self.troubles: dict[str, str] = {}
        self.sinks = sinks
        self._first_pause = first_pause
        self._given_up: set[str] = set()

    def deliver(self, result: Result, sinks: Sequence[Sink] | None = None) -> None:
        """Deliver one result, to other sinks where those are named.

        Raises:
            OSError: A file cannot be written.
        """
        for sink in self.sinks if sinks is None else sinks:
            if sink.name in self._given_up:
                self.missed[sink.name] += 1
            else:
                self._deliver(result, sink)

    def finish(self) -> None:
        """Let every sink write what sums up the results."""
        for sink in self.sinks:
            sink.finish()

    def _deliver(self, result: Result, sink: Sink) -> None:
        pauses = Backoff(first=self._first_pause)
        for tries in range(1, _MAX_TRIES + 1):
            try:
                sink.deliver([result])
                return
            except RefusedError as error:
                self._miss(sink, error)
                return
            except DeliveryError as error:
                if tries == _MAX_TRIES:
                    self._given_up.add(sink.name)
                    self._miss(sink, error)
                else:
                    time.sleep(pauses.next(min(error.after, _MAX_REST_SECONDS)))

    def _miss(self, sink: Sink, error: Exception) -> None:
        self.missed[sink.name] += 1
        self.troubles[sink.name] = str(error)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # One that fails to close keeps none of the others from it.
        with ExitStack() as closing:
            for sink in self.sinks:
                closing.callback(sink.close)
