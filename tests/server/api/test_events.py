import asyncio
import json
from typing import Any

import pytest

from flawflow.server.api.events import Missed, _lines
from flawflow.server.events import Events

HEARTBEAT = {"type": "heartbeat", "heartbeat": {"time": "2026-01-01T00:00:00Z", "journal": "0123"}}


def test_a_stream_ends_with_the_login_that_it_began_with():
    async def run() -> list[str]:
        events, is_in = Events(), True
        lines: Any = _lines(
            events.subscribe(), lambda: is_in, Missed(lambda _: iter([]), None), lambda: HEARTBEAT
        )
        found = [await anext(lines)]
        await asyncio.sleep(0)  # the subscription begins
        for number in range(2):
            events.publish({"type": "job", "job": number})
            found.append(await anext(lines))
        is_in = False
        events.publish({"type": "job", "job": 2})
        found.extend([line async for line in lines])
        return found

    first, *told = asyncio.run(run())
    assert first == f"retry: 2000\n\ndata: {json.dumps(HEARTBEAT)}\n\n"
    assert told == [f'data: {{"type": "job", "job": {number}}}\n\n' for number in range(2)]


def test_silence_is_told_from_an_end(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("flawflow.server.api.events._HEARTBEAT_SECONDS", 0.01)

    async def run() -> list[str]:
        lines: Any = _lines(
            Events().subscribe(), lambda: True, Missed(lambda _: iter([]), None), lambda: HEARTBEAT
        )
        return [await anext(lines) for _ in range(3)][1:]

    assert asyncio.run(run()) == [f"data: {json.dumps(HEARTBEAT)}\n\n"] * 2


def told(number: int) -> dict[str, Any]:
    return {"type": "inspection", "inspection": {"id": number}}


def listened(last: int | None, recorded: list[int], live: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What a listener hears that has heard up to `last`, of what is recorded and what happens then."""

    def pages(after: int):
        for number in recorded:
            if number > after:
                yield [told(number)]

    async def run() -> list[str]:
        events = Events()
        lines: Any = _lines(events.subscribe(), lambda: True, Missed(pages, last), lambda: HEARTBEAT)
        found = [await anext(lines)]
        await asyncio.sleep(0)
        for event in live:
            events.publish(event)
        events.close()
        return [*found, *[line async for line in lines]]

    heard = []
    for line in asyncio.run(run())[1:]:
        *head, data = line.strip().split("\n")
        event = json.loads(data.removeprefix("data: "))
        heard.append(event)
        assert head == ([f"id: {event['inspection']['id']}"] if event["type"] == "inspection" else [])
    return heard


def test_who_comes_back_hears_what_was_recorded_meanwhile():
    job = {"type": "job", "job": 1}
    assert listened(2, [1, 2, 3, 5], [told(6), job]) == [told(3), told(5), told(6), job]
    assert listened(0, [1, 2], []) == [told(1), told(2)]
    assert listened(None, [1, 2], [told(3)]) == [told(3)]


def test_nothing_is_told_twice_or_left_out():
    # 3 was recorded and published between the subscription and the look into the record; 4 and 5 were lost.
    assert listened(2, [1, 2, 3], [told(3)]) == [told(3)]
    assert listened(3, [1, 2, 3, 4, 5, 6], [told(6)]) == [told(4), told(5), told(6)]


def test_a_word_on_an_earlier_inspection_is_told_to_who_came_back():
    assert listened(2, [1, 2, 3], [told(3), told(1), told(3), told(4), told(4)]) == [
        told(3), told(1), told(3), told(4), told(4)
    ]  # fmt: skip


def test_the_station_tells_from_an_id_on(client, station, inspect, make_png):
    numbers = [inspect(make_png())["id"] for _ in range(3)]
    for query, headers in (
        (f"?after={numbers[0]}", {}),
        (f"?after={numbers[1]}", {"last-event-id": str(numbers[0])}),
    ):
        # The stream ends with the station; what is recorded comes first.
        heard = read(client, f"/api/events{query}", headers, len(numbers) - 1)
        assert heard == numbers[1:]
    assert client.get("/api/events", headers={"last-event-id": "x"}).status_code == 422


def read(client: Any, path: str, headers: dict[str, str], count: int) -> list[int]:
    """The ids of the first events of a stream, which is then left."""

    async def run() -> list[int]:
        parts: asyncio.Queue[bytes] = asyncio.Queue()
        host = {"host": "127.0.0.1:8470", **headers}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path.partition("?")[0],
            "raw_path": path.encode(),
            "query_string": path.partition("?")[2].encode(),
            "headers": [(name.encode(), value.encode()) for name, value in host.items()],
            "client": ("127.0.0.1", 50000),
            "server": ("127.0.0.1", 8470),
        }

        async def receive() -> dict[str, Any]:
            await asyncio.Event().wait()
            return {}

        async def send(message: Any) -> None:
            parts.put_nowait(message.get("body", b""))

        task = asyncio.ensure_future(client.app(scope, receive, send))
        found: list[int] = []
        while len(found) < count:
            part = await asyncio.wait_for(parts.get(), 20)
            found += [int(line[3:]) for line in part.decode().split("\n") if line.startswith("id:")]
        task.cancel()
        return found

    return asyncio.run(run())
