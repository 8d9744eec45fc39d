"""Tells listeners whenever a state has changed."""

import logging
import threading
from collections.abc import Callable
from typing import Any

from flawflow.server.events import Events

# At once for a person; forty pictures a second do not make as many events.
_LOOK_SECONDS = 0.25

_log = logging.getLogger("flawflow.server")


class Announcer:
    """Publishes a state as an event of its own kind, at most four times a second."""

    def __init__(self, events: Events, kind: str, state: Callable[[], Any]) -> None:
        """Publish nothing before `start`.

        Args:
            events: Where to.
            kind: The event's type, and the key of the state in it.
            state: Gives the state, ready for JSON; it is compared with the one before.
        """
        self._events, self._kind, self._state = events, kind, state
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, or begin again after `close`; where it goes on already, nothing changes."""
        if self._thread is not None:
            return
        self._over.clear()
        name = f"flawflow-announce-{self._kind}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Publish nothing more."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
        self._thread = None

    def _run(self) -> None:
        known: Any = None
        while not self._over.wait(_LOOK_SECONDS):
            try:
                state = self._state()
            except Exception:  # The next look may go better.
                _log.exception("the state of %s cannot be read", self._kind)
                continue
            if state != known:
                known = state
                self._events.publish({"type": self._kind, self._kind: state})
