import asyncio
import threading

import pytest

from flawflow.server import rendered_copies
from flawflow.server.errors import BusyError
from flawflow.server.view_cache import RenderQueue, ViewCache


@pytest.fixture
def lane(tmp_path, monkeypatch):
    monkeypatch.setattr(rendered_copies, "_MIN_FREE_BYTES", 0)
    lane = RenderQueue(tmp_path / "views", most_waiting=5)
    yield lane
    lane.close()


class Maker:
    """Counts what is made, and how much of it at a time."""

    def __init__(self):
        self.made, self.most, self._now = [], 0, 0
        self._lock, self.gate = threading.Lock(), threading.Event()

    def make(self, name):
        def work():
            with self._lock:
                self._now += 1
                self.most = max(self.most, self._now)
            assert self.gate.wait(30)
            with self._lock:
                self._now -= 1
                self.made.append(name)
            return name.encode()

        return work


async def read(lane, maker, name):
    with await lane.get(name, maker.make(name)) as file:
        return file.read()


def test_what_many_ask_for_is_made_once_and_one_after_the_other(lane):
    async def run():
        maker = Maker()
        asked = [asyncio.create_task(read(lane, maker, name)) for name in "aabba"]
        await asyncio.sleep(0.01)
        maker.gate.set()
        assert await asyncio.gather(*asked) == [b"a", b"a", b"b", b"b", b"a"]
        assert await read(lane, maker, "b") == b"b"
        assert (sorted(maker.made), maker.most) == (["a", "b"], 1)

    asyncio.run(run())


def test_what_waits_is_bounded(lane):
    async def run():
        maker = Maker()
        asked = [asyncio.create_task(read(lane, maker, str(number))) for number in range(8)]
        done, waiting = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        while len(done) < 3:
            more, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            done |= more
        assert [type(task.exception()) for task in done] == [BusyError] * 3
        maker.gate.set()
        await asyncio.gather(*waiting)
        assert len(maker.made) == 5
        assert await read(lane, maker, "again") == b"again"

    asyncio.run(run())


def test_what_cannot_be_made_is_told_and_the_next_is_made(lane):
    def fail():
        raise ValueError("odd")

    async def run():
        maker = Maker()
        maker.gate.set()
        with pytest.raises(ValueError, match="odd"):
            await lane.get("a", fail)
        assert await read(lane, maker, "a") == b"a"

    asyncio.run(run())


def test_after_the_end_nothing_is_made(tmp_path):
    looking = ViewCache(tmp_path / "views", max_pixels=100)
    lanes = (looking._small, looking.large)
    assert [asyncio.run(lane.run(lambda: 7)) for lane in lanes] == [7, 7]
    looking.close()
    for lane in lanes:
        with pytest.raises(RuntimeError, match="after shutdown"):
            asyncio.run(lane.run(lambda: 7))
