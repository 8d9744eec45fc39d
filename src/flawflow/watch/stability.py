"""When a file is whole: it has stopped changing, and it can be decoded."""

from collections.abc import Iterable
from typing import NamedTuple

from flawflow.watch.scan import Seen


class _Tried(NamedTuple):
    seen: Seen
    since: float


class StabilityTracker:
    """Remembers how files looked before, so far as they are waiting.

    A file is settled when two looks, at least `pause` seconds apart, saw the same size and time of change.
    One that could not be decoded all the same is half-written: it is tried again when it changes, and for the
    last time when it has not changed for `give_up` seconds.
    """

    def __init__(self, *, pause: float, give_up: float) -> None:
        self._pause = pause
        self._give_up = give_up
        self._waiting: dict[str, _Tried] = {}
        self._half: dict[str, _Tried] = {}

    def is_due(self, seen: Seen, now: float) -> bool:
        """Whether a file is to be tried: it is new, has changed, or has been half-written for too long.

        Args:
            seen: As it was seen now.
            now: Seconds by a clock that never goes back.
        """
        half = self._half.get(seen.path)
        return half is None or half.seen != seen or self.is_last_try(seen, now)

    def is_last_try(self, seen: Seen, now: float) -> bool:
        """Whether a half-written file has not changed for `give_up` seconds."""
        half = self._half.get(seen.path)
        return half is not None and half.seen == seen and now - half.since >= self._give_up

    def settled(self, files: Iterable[Seen], now: float) -> list[Seen]:
        """Give those files that are settled, in their order; what is not among `files` is forgotten."""
        before, self._waiting = self._waiting, {}
        ready = []
        for seen in files:
            known = before.get(seen.path)
            if known is None or known.seen != seen:
                known = _Tried(seen, now)
            self._waiting[seen.path] = known
            if now - known.since >= self._pause:
                ready.append(seen)
        return ready

    def half_written(self, seen: Seen) -> None:
        """Note that a settled file could not be decoded; its time runs since it was first seen so."""
        half = self._half.get(seen.path)
        if half is None or half.seen != seen:
            self._half[seen.path] = self._waiting[seen.path]

    def forget(self, path: str) -> None:
        """Let go of a file that is done with."""
        self._half.pop(path, None)

    def forget_gone(self, there: set[str]) -> None:
        """Let go of half-written files that are not there any more."""
        self._half = {path: half for path, half in self._half.items() if path in there}

    def is_half(self, path: str) -> bool:
        """Whether a file is remembered as half-written."""
        return path in self._half
