"""Bringing records from the outbox to a sink: each at least once, in order, however often it takes."""

import threading
from collections.abc import Sequence
from typing import Protocol

from flawflow.errors import WatchError
from flawflow.watch.journal import Journal, Message


class DeliveryError(Exception):
    """A sink that cannot take a record now; it is tried again.

    Attributes:
        after: Seconds that the sink asks to be left alone; 0 where it does not.
    """

    def __init__(self, sentence: str, after: float = 0.0) -> None:
        super().__init__(sentence)
        self.after = after


class RefusedError(Exception):
    """A record that its sink will never take; it is set aside and the next ones go on."""


class Sink(Protocol):
    """Where records go.

    Attributes:
        name: Under which the journal keeps its outbox.
        at_once: How many records one delivery may hold.
    """

    name: str
    at_once: int

    def deliver(self, messages: Sequence[Message]) -> None:
        """Take records, all or none. After a crash the same ones may come again.

        Raises:
            DeliveryError: Not now.
            RefusedError: Never; only of a sink whose `at_once` is 1.
            OSError: Not now.
        """
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


class Courier:
    """One thread that empties a sink's outbox.

    Attributes:
        trouble: Why the last delivery failed; None where it did not.
        set_aside: How many records the sink has refused.
    """

    def __init__(
        self, sink: Sink, journal: Journal, *, first_pause: float = 1.0, longest: float = 60.0
    ) -> None:
        """Begin with the first record that waits.

        Args:
            sink: Where to.
            journal: Whose outbox.
            first_pause: Seconds before the first repetition; each further pause is twice as long.
            longest: Seconds that a pause grows to.
        """
        self.trouble: str | None = None
        self.set_aside = 0
        self.sink = sink
        self._journal = journal
        self._first_pause = first_pause
        self._longest = longest
        self._failure: WatchError | None = None
        self._news = threading.Event()
        self._stopping = threading.Event()
        # A daemon: a sink that hangs must not keep the process alive; its records wait in the journal.
        self._thread = threading.Thread(target=self._work, name=f"courier {sink.name}", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Say that there may be something to deliver.

        Raises:
            WatchError: The journal has failed in the courier's thread, which has ended.
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
            self._run()
        except WatchError as error:
            self._failure = error
        finally:
            self.sink.close()

    def _run(self) -> None:
        pause = self._first_pause
        while True:
            self._news.clear()
            messages = self._journal.waiting(self.sink.name, self.sink.at_once)
            if messages:
                asked = self._deliver(messages)
                if asked is None:
                    pause = self._first_pause
                elif self._stopping.is_set():
                    break
                else:
                    self._stopping.wait(max(pause, asked))
                    pause = min(2 * pause, self._longest)
            elif self._stopping.is_set():
                break
            else:
                self._news.wait()

    def _deliver(self, messages: list[Message]) -> float | None:
        """Deliver; None where that is settled, else the seconds that the sink asks to be left alone."""
        try:
            self.sink.deliver(messages)
        except RefusedError as error:
            self.set_aside += 1
            self._journal.refused(self.sink.name, messages[0], str(error))
            return None
        except (DeliveryError, OSError) as error:
            self.trouble = str(error)
            return getattr(error, "after", 0.0)
        except WatchError:
            raise
        except Exception as error:
            return self._without_the_odd_one(messages, error)
        self.trouble = None
        self._journal.delivered(self.sink.name, messages)
        return None

    def _without_the_odd_one(self, messages: list[Message], error: Exception) -> float | None:
        """Set aside the one record with which a sink fails in a way of its own; the next ones go on."""
        if len(messages) == 1:
            self.set_aside += 1
            self._journal.refused(self.sink.name, messages[0], f"{type(error).__name__}: {error}")
            return None
        for message in messages:
            asked = self._deliver([message])
            if asked is not None:
                return asked
        return None
