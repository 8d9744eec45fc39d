import asyncio

import pytest

from flawflow.server.errors import BusyError
from flawflow.server.events import Events


async def listen(events, ready, most=10**9):
    found = []
    stream = events.subscribe()
    step = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    ready.set()
    try:
        while len(found) < most:
            found.append(await step)
            step = asyncio.ensure_future(anext(stream))
    except StopAsyncIteration:
        pass
    return found


def test_every_listener_gets_every_event_from_any_thread():
    async def run():
        events, ready = Events(), [asyncio.Event(), asyncio.Event()]
        listeners = [asyncio.ensure_future(listen(events, each)) for each in ready]
        for each in ready:
            await each.wait()
        for number in range(5):
            await asyncio.to_thread(events.publish, {"type": "job", "job": number})
        events.close()
        return await asyncio.gather(*listeners)

    one, two = asyncio.run(run())
    assert [each["job"] for each in one] == [0, 1, 2, 3, 4]
    assert one == two


def test_a_slow_listener_loses_the_oldest():
    async def run():
        events, ready = Events(), asyncio.Event()
        listener = asyncio.ensure_future(listen(events, ready))
        await ready.wait()
        for number in range(1000):
            events.publish({"type": "job", "job": number})
        events.close()
        return await listener

    found = asyncio.run(run())
    assert len(found) < 300
    assert found[-1]["job"] == 999


def test_who_comes_too_late_is_let_go_at_once():
    async def run():
        events = Events()
        events.close()
        return [event async for event in events.subscribe()]

    assert asyncio.run(run()) == []


def test_there_is_a_limit_of_listeners():
    async def run():
        events = Events()
        streams = [events.subscribe() for _ in range(65)]
        steps = [asyncio.ensure_future(anext(stream)) for stream in streams[:64]]
        await asyncio.sleep(0)
        with pytest.raises(BusyError):
            events.check_room()
        with pytest.raises(BusyError):
            await anext(streams[64])
        events.close()
        for step in steps:
            with pytest.raises(StopAsyncIteration):
                await step
        events.check_room()

    asyncio.run(run())
