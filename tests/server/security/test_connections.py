import asyncio
import errno
import os
import socket

import pytest

from flawflow.server.security import connections
from flawflow.server.security.connections import Slots, accept


@pytest.fixture
def pairs():
    """Give connections: our end, and the client's."""
    opened = []

    def make():
        pair = socket.socketpair()
        opened.extend(pair)
        return pair

    yield make
    for each in opened:
        each.close()


def is_hung_up(client):
    client.setblocking(False)
    try:
        return client.recv(1) == b""
    except BlockingIOError:
        return False


def enter(slots, pairs, address):
    own, client = pairs()
    return slots.enter(own, address), client


def test_the_oldest_that_is_silent_makes_room(pairs):
    slots = Slots(10, most_of_one=3)
    (first, one), (_, two), (_, three) = (enter(slots, pairs, "a") for _ in range(3))
    first.heard()
    newest, four = enter(slots, pairs, "a")
    assert newest is not None
    assert [is_hung_up(each) for each in (one, two, three, four)] == [False, True, False, False]
    assert len(slots) == 3


def test_nobody_who_has_spoken_is_cut_off(pairs):
    refusals = []
    slots = Slots(10, most_of_one=2, refused=lambda: refusals.append(1))
    entered = [enter(slots, pairs, "a") for _ in range(2)]
    for place, _ in entered:
        place.heard()
    assert enter(slots, pairs, "a")[0] is None
    assert enter(slots, pairs, "b")[0] is not None
    assert not any(is_hung_up(client) for _, client in entered)
    assert len(refusals) == 1


def test_all_together_have_a_limit(pairs):
    slots = Slots(4, most_of_one=3)
    entered = [enter(slots, pairs, address) for address in "abcd"]
    assert enter(slots, pairs, "e")[0] is not None
    assert [is_hung_up(client) for _, client in entered] == [True, False, False, False]
    for place in list(slots._all):
        place.heard()
    assert enter(slots, pairs, "f")[0] is None


def test_a_place_is_given_back_once(pairs):
    slots = Slots(2, most_of_one=2)
    one, two = (enter(slots, pairs, "a")[0] for _ in range(2))
    for place in (one, two):
        place.heard()
    one.leave()
    one.leave()
    assert enter(slots, pairs, "a")[0] is not None
    assert len(slots) == 2
    for place in list(slots._all):
        place.leave()
    assert (len(slots), slots._of) == (0, {})


class Full(socket.socket):
    """A listener while the table of descriptors is full, for some times."""

    left = 0

    def accept(self):
        if self.left:
            self.left -= 1
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return super().accept()


def test_a_full_table_is_waited_out_with_one_line(monkeypatch, caplog):
    monkeypatch.setattr(connections, "_PAUSE_SECONDS", 0.001)

    async def run(listener):
        made = asyncio.Event()

        class Heard(asyncio.Protocol):
            place = None

            def connection_made(self, transport):
                transport.close()
                made.set()

        slots = Slots(5, most_of_one=5)
        task = asyncio.create_task(accept(listener, Heard, slots, tls=None, handshake_seconds=1.0))
        for _ in range(2):
            listener.left = 50
            with socket.create_connection(listener.getsockname(), timeout=30):
                await asyncio.wait_for(made.wait(), 30)
            made.clear()
        task.cancel()

    with Full() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.setblocking(False)
        asyncio.run(run(listener))
    assert [record.message for record in caplog.records] == ["connections wait: Too many open files"] * 2


def test_who_finds_no_place_is_hung_up_on_at_once():
    async def run(listener):
        listener.setblocking(False)
        slots = Slots(1, most_of_one=0)
        task = asyncio.create_task(accept(listener, asyncio.Protocol, slots, tls=None, handshake_seconds=1.0))
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        # Nobody else comes, in whose place it could be forgotten.
        assert await asyncio.wait_for(reader.read(), 30) == b""
        writer.close()
        task.cancel()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        asyncio.run(run(listener))
