"""What happens in the station, told to whoever listens."""

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

from flawflow.server.errors import BusyError

_MAX_LISTENERS = 64
_MAX_UNREAD_EVENTS = 256


class Events:
    """Hands every event to every listener; may be called from any thread.

    A listener that does not keep up loses its oldest events: it must not hold up the others, nor fill
    the memory.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: dict[asyncio.Queue[dict[str, Any] | None], asyncio.AbstractEventLoop] = {}
        self._closed = False

    def publish(self, event: dict[str, Any]) -> None:
        """Tell an event, a JSON-ready dictionary with the key `type`."""
        self._send(event)

    def close(self) -> None:
        """End all subscriptions."""
        self._closed = True
        self._send(None)

    def check_room(self) -> None:
        """Ask whether one more may listen.

        Raises:
            BusyError: When too many listen already.
        """
        if len(self._listeners) >= _MAX_LISTENERS:
            raise BusyError("too many pages listen to this station: close some", retry_after=30)

    async def subscribe(self) -> AsyncIterator[dict[str, Any]]:
        """Listen until the station closes or the iterator is closed.

        Yields:
            The events published from the first step on.

        Raises:
            BusyError: As `check_room`, at the first step.
        """
        queue = self._enter()
        try:
            while (event := await queue.get()) is not None:
                yield event
        finally:
            with self._lock:
                del self._listeners[queue]

    def _enter(self) -> asyncio.Queue[dict[str, Any] | None]:
        queue: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue(_MAX_UNREAD_EVENTS)
        with self._lock:
            self.check_room()
            self._listeners[queue] = asyncio.get_running_loop()
        if self._closed:
            queue.put_nowait(None)
        return queue

    def _send(self, event: dict[str, Any] | None) -> None:
        with self._lock:
            for queue, loop in self._listeners.items():
                if not loop.is_closed():
                    loop.call_soon_threadsafe(_put, queue, event)


def _put(queue: asyncio.Queue[dict[str, Any] | None], event: dict[str, Any] | None) -> None:
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(event)
