import asyncio
from typing import Any

from flawflow.server.api.events import _lines
from flawflow.server.events import Events


def test_a_stream_ends_with_the_login_that_it_began_with():
    async def run() -> list[str]:
        events, is_in = Events(), True
        lines: Any = _lines(events.subscribe(), lambda: is_in)
        found = [await anext(lines)]
        await asyncio.sleep(0)  # the subscription begins
        for number in range(2):
            events.publish({"type": "job", "job": number})
            found.append(await anext(lines))
        is_in = False
        events.publish({"type": "job", "job": 2})
        found.extend([line async for line in lines])
        return found

    retry, *told = asyncio.run(run())
    assert retry.startswith("retry:")
    assert told == [f'data: {{"type": "job", "job": {number}}}\n\n' for number in range(2)]
