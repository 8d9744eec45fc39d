from collections.abc import Sequence

import pytest

from flawflow.results import deliver as module
from flawflow.results.deliver import Delivery
from flawflow.results.record import Record
from flawflow.results.sinks.contract import DeliveryError, RefusedError, Result, Sink


class Receiver(Sink):
    """Answers as it is told, then takes everything."""

    def __init__(self, name: str, answers: Sequence[Exception | None] = ()) -> None:
        self.name, self.answers = name, list(answers)
        self.got: list[int | None] = []
        self.ends: list[str] = []

    def deliver(self, results: Sequence[Result]) -> None:
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer
        self.got += [result.record.id for result in results]

    def finish(self) -> None:
        self.ends.append("finish")

    def close(self) -> None:
        self.ends.append("close")


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    slept: list[float] = []
    monkeypatch.setattr(module.time, "sleep", slept.append)
    return slept


def deliver(sinks: Sequence[Sink], count: int = 3) -> Delivery:
    with Delivery(sinks) as delivery:
        for number in range(1, count + 1):
            delivery.deliver(Result(Record(id=number)))
        delivery.finish()
    return delivery


def test_every_sink_gets_every_result_in_order(pauses: list[float]):
    one, other = (
        Receiver("one"),
        Receiver("other", [None, DeliveryError("down", 7.0), DeliveryError("down", 999)]),
    )
    delivery = deliver([one, other])
    assert one.got == other.got == [1, 2, 3]
    assert one.ends == other.ends == ["finish", "close"]
    assert pauses == [7.0, 30.0]
    assert delivery.missed.total() == 0


def test_a_sink_that_stays_down_gets_nothing_more_and_holds_up_no_other(pauses: list[float]):
    down = Receiver("webhook=x", [None] + [DeliveryError("does not answer")] * 6)
    other = Receiver("other")
    delivery = deliver([down, other], count=5)
    assert (down.got, other.got) == ([1], [1, 2, 3, 4, 5])
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0]
    assert delivery.missed == {"webhook=x": 4}
    assert delivery.troubles == {"webhook=x": "does not answer"}


def test_a_refused_result_is_counted_and_the_next_ones_go_on(pauses: list[float]):
    sink = Receiver("x", [None, RefusedError("cannot parse")])
    delivery = deliver([sink])
    assert sink.got == [1, 3]
    assert (delivery.missed, delivery.troubles) == ({"x": 1}, {"x": "cannot parse"})
    assert pauses == []


def test_a_full_disk_ends_it_and_closes_all(pauses: list[float]):
    sinks = [Receiver("x", [OSError(28, "No space left on device")]), Receiver("y")]
    with pytest.raises(OSError, match="No space"):
        deliver(sinks)
    assert [sink.ends for sink in sinks] == [["close"], ["close"]]
