"""Bringing results from an outbox to a sink: each at least once, in order, however often it takes."""

import threading
from collections.abc import Sequence
from typing import Protocol

from flawflow.errors import FlawflowError
from flawflow.results.sinks.contract import DeliveryError, RefusedError, Result, Sink
from flawflow.storage.backoff import Backoff


class Outbox(Protocol):
    """What keeps the results that sinks have not got; it outlives the process."""

    def waiting(self, sink: str, limit: int) -> list[Result]:
        """The oldest results that a sink has not got, at most `limit`; those it refused are left out."""
        ...

    def delivered(self, sink: str, results: Sequence[Result]) -> None:
        """Take delivered results out."""
        ...

    def refused(self, sink: str, result: Result, why: str) -> None:
        """Set a result aside that its sink will not take."""
        ...


class OutboxDispatcher:
    """One thread that empties a sink's outbox.

    Attributes:
        trouble: Why the last delivery failed; None where it did not.
        set_aside: How many results the sink has refused.
    """

    def __init__(
        self, sink: Sink, outbox: Outbox, *, first_pause: float = 1.0, longest: float = 60.0
    ) -> None:
        """Begin with the first result that waits.

        Args:
            sink: Where to.
            outbox: From where.
            first_pause: Seconds before the first repetition; each further pause is twice as long.
            longest: Seconds that a pause grows to.
        """
        self.trouble: str | None = None
        self.set_aside = 0
        self.sink = sink
        self._outbox = outbox
        self._first_pause = first_pause
        self._longest = longest
        self._failure: FlawflowError | None = None
        self._news = threading.Event()
        self._stopping = threading.Event()
        # A daemon: a sink that hangs must not keep the process alive; its records wait in the journal.
        self._thread = threading.Thread(target=self._work, name=f"courier {sink.name}", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Say that there may be something to deliver.

        Raises:
            FlawflowError: The outbox has failed in the courier's thread, which has ended.
        """
        if self._failure is not None:
            raise self._failure
        self._news.set()

    def close(self, timeout: float) -> bool:
        """Try once more what waits, then end; gives whether that was done within `timeout` seconds."""
        self._stopping.set()
        self._news.set()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _work(self) -> None:
        try:
            self.sink.start()
            self._run()
        except FlawflowError as error:
            self._failure = error
        finally:
            self.sink.close()

    def _run(self) -> None:
        pauses = Backoff(first=self._first_pause, longest=self._longest)
        while True:
            self._news.clear()
            results = self._outbox.waiting(self.sink.name, self.sink.at_once)
            if results:
                asked = self._deliver(results)
                if asked is None:
                    pauses.reset()
                elif self._stopping.is_set():
                    break
                else:
                    self._stopping.wait(pauses.next(asked))
            elif self._stopping.is_set():
                break
            else:
                self._news.wait()

    def _deliver(self, results: list[Result]) -> float | None:
        """Deliver; None where that is settled, else the seconds that the sink asks to be left alone."""
        try:
            self.sink.deliver(results)
        except RefusedError as error:
            self.set_aside += 1
            self._outbox.refused(self.sink.name, results[0], str(error))
            return None
        except (DeliveryError, OSError) as error:
            self.trouble = str(error)
            return getattr(error, "after", 0.0)
        except FlawflowError:
            raise
        except Exception as error:
            return self._without_the_odd_one(results, error)
        self.trouble = None
        self._outbox.delivered(self.sink.name, results)
        return None

    def _without_the_odd_one(self, results: list[Result], error: Exception) -> float | None:
        """Set aside the one result with which a sink fails in a way of its own; the next ones go on."""
        if len(results) == 1:
            self.set_aside += 1
            self._outbox.refused(self.sink.name, results[0], f"{type(error).__name__}: {error}")
            return None
        for result in results:
            asked = self._deliver([result])
            if asked is not None:
                return asked
        return None
