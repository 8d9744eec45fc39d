import asyncio
import contextlib
import dataclasses
from pathlib import Path

import pytest

from flawflow.server.metrics import Metrics
from flawflow.server.security import bodies
from flawflow.server.security.bodies import BodyLimit
from flawflow.server.security.pools import Pools
from flawflow.server.settings import Settings


@pytest.fixture
def limit(tiny_model):
    """A body limit of 1 MiB + 1,000 bytes around an application that reads everything."""
    settings = Settings(models=(tiny_model,), max_waiting_bytes=1000)

    async def app(scope, receive, send):
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    return BodyLimit(app, settings=settings, metrics=Metrics(), wait_seconds=lambda: 7)


async def sent(limit, chunks, **options):
    """Send a body in pieces, a float being a pause and None a stop for ever; gives (status, pieces read)."""
    start, read = await answered(limit, chunks, **options)
    return start["status"], read


async def answered(limit, chunks, *, headers=(), path="/api/inspect", method="POST", client="10.0.0.1"):
    """Send a body as `sent` does; gives (message that begins the answer, pieces read)."""
    pieces = iter(chunks)
    read, messages = [], []

    async def receive():
        piece = next(pieces)
        read.append(piece)
        if piece is None:
            await asyncio.Event().wait()
        if isinstance(piece, float):
            await asyncio.sleep(piece)
        return {"type": "http.request", "body": bytes(int(piece)), "more_body": piece != 0}

    async def send(message):
        messages.append(message)

    scope = {
        "type": "http", "method": method, "path": path, "headers": list(headers), "query_string": b"",
        "client": (client, 5000),
    }  # fmt: skip
    await limit(scope, receive, send)
    return messages[0], len(read)


def send_chunks(limit, chunks, **options):
    return asyncio.run(sent(limit, chunks, **options))


@pytest.mark.parametrize("error", [ValueError, None])
def test_whoever_reads_cannot_answer_for_the_limit(limit, error):
    """FastAPI answers 400 to whatever ends its reading."""

    async def app(scope, receive, send):
        try:
            while (await receive()).get("more_body"):
                pass
        except Exception:
            if error:
                raise error from None
            await send({"type": "http.response.start", "status": 400, "headers": []})
            await send({"type": "http.response.body", "body": b""})

    limit._app = app
    with_pool(limit, patience=0.01)
    assert send_chunks(limit, [10, None]) == (408, 2)


def with_pool(limit, **changes):
    """Give all kinds of requests one pool with other limits."""
    pool = dataclasses.replace(limit._pools.pictures, **changes)
    limit._pools = Pools(pictures=pool, masks=pool, open=pool, others=pool)
    return pool


def test_bytes_are_counted_while_they_come(limit):
    status, read = send_chunks(limit, [1 << 16] * 1000)
    assert (status, read) == (413, 17)


def test_a_length_that_says_too_much_is_not_read_at_all(limit):
    assert send_chunks(limit, [], headers=[(b"content-length", b"99999999")]) == (413, 0)


@pytest.mark.parametrize("length", [b"-1", b"1e3", b"0x10", b"9" * 5000, "²".encode("latin-1")])
def test_a_length_that_is_none_is_refused(limit, length):
    assert send_chunks(limit, [], headers=[(b"content-length", length)]) == (413, 0)


def test_a_length_that_says_too_little_does_not_help(limit):
    status, _ = send_chunks(limit, [1 << 20] * 3, headers=[(b"content-length", b"10")])
    assert status == 413


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/api/models/a/rates", 1 << 20),
        ("/api/login", 1 << 16),
        ("/api/logout", 1 << 16),
        ("/static/app.js", 1 << 16),
        ("/api/inspections/1/mask", 16 << 20),
    ],
)
def test_every_kind_of_request_has_a_size(limit, path, most):
    assert send_chunks(limit, [most, 0], path=path) == (200, 2)
    assert send_chunks(limit, [most, 1, 0], path=path) == (413, 2)


def test_a_body_that_does_not_come_is_not_waited_for(limit):
    with_pool(limit, patience=0.01)
    assert send_chunks(limit, [10, None]) == (408, 2)


def test_a_body_that_trickles_is_not_waited_for(limit):
    with_pool(limit, patience=0.05)
    status, read = send_chunks(limit, [0.01] * 10_000)
    assert status == 408
    assert read < 10_000


def test_what_came_fast_at_first_buys_no_standing_still_later(limit):
    # At the slowest rate a MiB may take a minute.
    with_pool(limit, patience=0.01)
    assert send_chunks(limit, [1 << 20, None]) == (408, 2)


def test_a_body_that_comes_slowly_and_steadily_is_waited_for(limit, monkeypatch):
    monkeypatch.setattr(bodies, "_MIN_BYTES_PER_SECOND", 1.0)
    with_pool(limit, patience=5.0)
    assert send_chunks(limit, [*[1] * 100, 0]) == (200, 101)


def test_all_bodies_together_have_a_limit(limit):
    pool = with_pool(limit, bytes_together=10)
    pool.count("10.0.0.2", 8)
    assert send_chunks(limit, [1, 3]) == (503, 2)
    assert send_chunks(limit, [1, 1, 0]) == (200, 3)
    assert pool.has_room("10.0.0.1", 2)
    assert not pool.has_room("10.0.0.1", 3)


def test_the_bodies_of_one_client_have_a_smaller_one(limit):
    pool = with_pool(limit, bytes_of_one=10)
    pool.count("10.0.0.1", 8)
    assert send_chunks(limit, [1, 3]) == (429, 2)
    assert send_chunks(limit, [1, 3, 0], client="10.0.0.2") == (200, 3)


@pytest.mark.parametrize(("path", "seconds"), [("/api/inspect", b"7"), ("/api/login", b"1")])
@pytest.mark.parametrize(("client", "status"), [("10.0.0.1", 429), ("10.0.0.2", 503)])
def test_pictures_may_come_again_when_the_queue_has_left(limit, path, seconds, client, status):
    pool = limit._pools.of_path(path)
    pool.count(client, pool.bytes_of_one if status == 429 else 0)
    pool.count("10.0.0.9", pool.bytes_together if status == 503 else 0)
    start, _ = asyncio.run(answered(limit, [1], path=path, client=client))
    assert start["status"] == status
    assert dict(start["headers"])[b"retry-after"] == seconds


async def stuck(limit, count, **options):
    """Begin bodies that never end; gives their tasks and the statuses of those that were answered."""
    tasks = [asyncio.create_task(sent(limit, [1, None], **options)) for _ in range(count)]
    for _ in range(50):
        await asyncio.sleep(0)
    return tasks, [task.result()[0] for task in tasks if task.done()]


async def ended(tasks):
    for task in tasks:
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*tasks)


@pytest.mark.parametrize(
    ("path", "of_one"),
    [("/api/login", 8), ("/static/x", 8), ("/api/models/a/rates", 16), ("/api/inspect", 32)],
)
def test_a_client_that_trickles_keeps_nobody_out(limit, path, of_one):
    async def run():
        tasks, statuses = await stuck(limit, 70, path=path)
        assert statuses == [429] * (70 - of_one)
        # Another client at the same, and the same client at something else.
        assert await sent(limit, [5, 0], path=path, client="10.0.0.2") == (200, 2)
        other = "/api/inspect" if path != "/api/inspect" else "/api/login"
        assert await sent(limit, [5, 0], path=other) == (200, 2)
        await ended(tasks)
        assert await sent(limit, [5, 0], path=path) == (200, 2)

    asyncio.run(run())


@pytest.mark.parametrize("path", ["/api/login", "/api/inspect"])
def test_who_is_behind_makes_room_for_the_next(limit, monkeypatch, path):
    monkeypatch.setattr(bodies, "_BEHIND_SECONDS", 0.0)

    async def run():
        tasks, statuses = await stuck(limit, 70, path=path)
        held = len(limit._pools.of_path(path)._arriving)
        # Each took the place of another, which was told.
        assert statuses == [408] * (70 - held)
        assert await sent(limit, [5, 0], path=path) == (200, 2)
        await ended(tasks)

    asyncio.run(run())


def test_many_clients_that_trickle_logins_stop_no_inspection(limit):
    async def run():
        tasks, statuses = [], []
        for number in range(20):
            begun, answered = await stuck(limit, 8, path="/api/login", client=f"10.0.1.{number}")
            tasks += begun
            statuses += answered
        assert statuses == [503] * (8 * 20 - 64)
        assert await sent(limit, [5, 0], client="10.0.1.0") == (200, 2)
        await ended(tasks)

    asyncio.run(run())


def test_what_is_over_leaves_nothing_behind(limit):
    for chunks in ([1, 0], [1 << 20] * 3, [1 << 20, 1 << 19]):
        with contextlib.suppress(RuntimeError):  # The pieces are over: the client is gone.
            send_chunks(limit, chunks)
    pool = limit._pools.pictures
    assert (pool._arriving, pool._bytes) == ([], {})


def test_the_slowest_speed_is_that_of_the_documentation():
    page = (Path(__file__).parents[3] / "docs" / "station.md").read_text("utf-8")
    assert f"comes at under {bodies._MIN_BYTES_PER_SECOND / 1024:g} KiB/s" in page
    assert f"behind {bodies._MIN_BYTES_PER_SECOND / 1024:g} KiB/s" in page
