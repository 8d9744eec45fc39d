"""An event loop in a thread of its own, for servers that must answer while the station works."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

Given = TypeVar("Given")

_SECONDS_TO_END = 10.0


class LoopThread:
    """Runs coroutines for callers in other threads."""

    def __init__(self, name: str) -> None:
        """Start the thread."""
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def call(self, work: Coroutine[Any, Any, Given], seconds: float | None = None) -> Given:
        """Have a coroutine run to its end, and give what it gives or raise what it raises."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(seconds)

    def close(self) -> None:
        """End what still runs, then the loop."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(_SECONDS_TO_END)

    def _run(self) -> None:
        try:
            self.loop.run_forever()
            self.loop.run_until_complete(_end_others())
        finally:
            self.loop.close()


async def _end_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
