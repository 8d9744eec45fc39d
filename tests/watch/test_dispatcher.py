import threading
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flawflow.errors import WatchError
from flawflow.results.record import Record
from flawflow.results.sinks.contract import DeliveryError, RefusedError, Result, Sink
from flawflow.watch.dispatcher import OutboxDispatcher
from flawflow.watch.journal import Journal
from flawflow.watch.scan import Seen


class Receiver(Sink):
    """A sink that answers as it is told, then takes everything."""

    name = "x"

    def __init__(self, answers: Sequence[Exception | None] = (), at_once: int = 1) -> None:
        self.answers = list(answers)
        self.at_once = at_once
        self.got: list[int | None] = []
        self.is_closed = False
        self.has_got = threading.Event()

    def deliver(self, results: Sequence[Result]) -> None:
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer
        self.got += [result.record.id for result in results]
        self.has_got.set()

    def close(self) -> None:
        self.is_closed = True


def fill(journal: Journal, count: int) -> None:
    for number in range(count):
        journal.finish(Seen(number, f"{number}.png", 1), sha256=str(number), record=Record(), sinks=["x"])


def run(journal: Journal, receiver: Receiver) -> OutboxDispatcher:
    """Deliver all that can be delivered."""
    dispatcher = OutboxDispatcher(receiver, journal, first_pause=0.001, longest=0.002)
    while receiver.answers:
        dispatcher.wake()
        threading.Event().wait(0.001)
    assert dispatcher.close(10)
    return dispatcher


def test_everything_arrives_in_order_and_leaves_the_outbox(journal: Journal):
    fill(journal, 25)
    receiver = Receiver(at_once=10)
    run(journal, receiver)
    assert receiver.got == list(range(1, 26))
    assert journal.backlog() == {}
    assert receiver.is_closed


def test_news_wakes_a_courier_that_has_nothing_to_do(journal: Journal):
    receiver = Receiver()
    dispatcher = OutboxDispatcher(receiver, journal)
    fill(journal, 1)
    dispatcher.wake()
    assert receiver.has_got.wait(10)
    assert dispatcher.close(10)


def test_a_failed_delivery_comes_again_before_the_next_one(journal: Journal):
    fill(journal, 3)
    receiver = Receiver([None, DeliveryError("down"), OSError("no route"), None])
    dispatcher = run(journal, receiver)
    assert receiver.got == [1, 2, 3]
    assert dispatcher.trouble is None


def test_pauses_grow_to_the_longest_and_heed_what_the_receiver_asks(journal: Journal):
    fill(journal, 1)
    receiver = Receiver([DeliveryError("down"), DeliveryError("down"), DeliveryError("busy", after=7.0)])
    waits: list[float] = []
    dispatcher = OutboxDispatcher.__new__(OutboxDispatcher)

    class Clock(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout or 0.0)
            if len(waits) == 3:
                self.set()
            return True

    dispatcher.__dict__.update(
        sink=receiver, _outbox=journal, _first_pause=1.0, _longest=60.0, trouble=None, set_aside=0,
        _failure=None, _news=threading.Event(), _stopping=Clock(),
    )  # fmt: skip
    dispatcher._run()
    assert waits == [1.0, 2.0, 7.0]
    assert receiver.got == [1]


@pytest.mark.parametrize("at_once", [1, 3])
def test_a_record_with_which_a_sink_fails_in_its_own_way_is_set_aside(journal: Journal, at_once: int):
    fill(journal, 3)

    class Odd(Receiver):
        def deliver(self, results: Sequence[Result]) -> None:
            if any(result.record.id == 2 for result in results):
                raise UnicodeEncodeError("utf-8", "\udcfc", 0, 1, "surrogates not allowed")
            super().deliver(results)

    receiver = Odd(at_once=at_once)
    dispatcher = run(journal, receiver)
    assert receiver.got == [1, 3]
    assert dispatcher.set_aside == 1
    assert journal.backlog() == {"x": 1}


def test_a_refused_record_is_set_aside_and_the_next_ones_go_on(journal: Journal):
    fill(journal, 3)
    receiver = Receiver([None, RefusedError("cannot parse")])
    dispatcher = run(journal, receiver)
    assert receiver.got == [1, 3]
    assert dispatcher.set_aside == 1
    assert journal.backlog() == {"x": 1}


def test_what_cannot_be_delivered_at_the_end_stays(journal: Journal):
    fill(journal, 2)
    receiver = Receiver([DeliveryError("down")] * 1000)
    dispatcher = OutboxDispatcher(receiver, journal, first_pause=60.0)
    assert dispatcher.close(10)
    assert dispatcher.trouble == "down"
    assert journal.backlog() == {"x": 2}


def test_a_journal_that_fails_is_told_to_who_wakes_the_courier(journal: Journal):
    receiver = Receiver()
    dispatcher = OutboxDispatcher(receiver, journal)
    journal.close()
    dispatcher.wake()
    dispatcher._thread.join(10)
    with pytest.raises(WatchError, match="cannot serve as a journal"):
        dispatcher.wake()
    assert receiver.is_closed


@settings(max_examples=25)
@given(
    st.integers(0, 12), st.integers(1, 4), st.lists(st.sampled_from([None, "down"]), max_size=15), st.data()
)
def test_over_failures_and_crashes_each_record_arrives_at_least_once_and_in_order(
    count: int, at_once: int, answers: list[str | None], data: st.DataObject
):
    """The law of delivery. A crash is a delivery whose end the journal never hears of."""
    from pathlib import Path

    journal = Journal(Path(":memory:"))
    fill(journal, count)
    receiver = Receiver(at_once=at_once)
    for _ in range(data.draw(st.integers(0, 3))):
        receiver.deliver(journal.waiting("x", at_once))
    receiver.answers = [DeliveryError(text) if text else None for text in answers]
    dispatcher = OutboxDispatcher(receiver, journal, first_pause=0.0, longest=0.0)
    while journal.backlog():
        dispatcher.wake()
    assert dispatcher.close(10)
    assert list(dict.fromkeys(receiver.got)) == list(range(1, count + 1))
    journal.close()


def test_a_sink_starts_before_there_is_a_result(journal: Journal):
    started = threading.Event()

    class Early(Sink):
        name = "early"

        def start(self) -> None:
            started.set()

    dispatcher = OutboxDispatcher(Early(), journal)
    assert started.wait(10)
    assert dispatcher.close(10)
