import queue
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from flawflow.server.announcer import Announcer


class Heard:
    """Events as they are published."""

    def __init__(self) -> None:
        self.events: queue.Queue[dict[str, Any]] = queue.Queue()

    def publish(self, event: dict[str, Any]) -> None:
        self.events.put(event)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flawflow.server.announcer._LOOK_SECONDS", 0.001)


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def announced(heard: Heard) -> Iterator[dict[str, Any]]:
    """A state; None fails."""
    state: dict[str, Any] = {"now": [1]}

    def read() -> list[int]:
        if state["now"] is None:
            looked.set()
            raise ValueError("no state")
        return list(state["now"])

    looked = threading.Event()
    state["looked"] = looked
    announcer = Announcer(heard, "numbers", read)  # type: ignore[arg-type]
    announcer.start()
    yield state
    announcer.close()


def test_a_state_is_told_once_and_again_when_it_changes(heard: Heard, announced: dict[str, Any]):
    assert heard.events.get(timeout=20) == {"type": "numbers", "numbers": [1]}
    announced["now"] = [1, 2]
    assert heard.events.get(timeout=20) == {"type": "numbers", "numbers": [1, 2]}
    assert heard.events.empty()


def test_a_state_that_cannot_be_read_is_told_when_it_can(
    heard: Heard, announced: dict[str, Any], caplog: pytest.LogCaptureFixture
):
    heard.events.get(timeout=20)
    announced["now"] = None
    assert announced["looked"].wait(20)
    announced["now"] = [3]
    assert heard.events.get(timeout=20) == {"type": "numbers", "numbers": [3]}
    assert "the state of numbers cannot be read" in caplog.text


def test_it_begins_again_after_its_end_and_once_where_it_goes_on(heard: Heard):
    announcer = Announcer(heard, "numbers", lambda: [1])  # type: ignore[arg-type]
    announcer.start()
    announcer.start()
    assert heard.events.get(timeout=20) == {"type": "numbers", "numbers": [1]}
    announcer.close()
    announcer.close()
    assert heard.events.empty()
    announcer.start()
    assert heard.events.get(timeout=20) == {"type": "numbers", "numbers": [1]}
    announcer.close()
