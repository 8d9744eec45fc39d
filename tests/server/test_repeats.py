"""A key is taken until its request is done, whoever waits for it."""

from concurrent.futures import Future

import pytest

from flawflow.server.errors import ConflictError
from flawflow.server.inspection_service import Given, Outcome
from flawflow.server.repeats import Repeats


def test_a_key_is_taken_until_its_pictures_are_done(station):
    repeats = Repeats(station.store, station.image_store, station.journal)
    repeats.begin("k")
    repeats.begin("other")
    futures: list[Future[Outcome]] = [Future(), Future()]
    repeats.end("k", futures)
    for future in futures:
        with pytest.raises(ConflictError, match="in work"):
            repeats.begin("k")
        future.set_exception(OSError("full"))
    repeats.begin("k")
    repeats.end("k", [])
    repeats.begin("k")


def test_record_keys_differ_by_key_place_and_station(station):
    pictures = [Given("a.png", b"a"), Given("b.png", b"b")]
    one, other = (Repeats(station.store, station.image_store, journal) for journal in ("1", "2"))
    keys = [
        each.key
        for found in (one.keyed("k", pictures), one.keyed("l", pictures), other.keyed("k", pictures))
        for each in found
    ]
    assert len(set(keys)) == 6
    assert all(len(key) == 32 and key.isalnum() for key in keys)
    assert [each.key for each in one.keyed("k", pictures)] == keys[:2]


def test_what_a_lost_commit_left_behind_makes_room(station):
    repeats = Repeats(station.store, station.image_store, station.journal)
    (picture,) = repeats.keyed("k", [Given("a.png", b"a")])
    station.image_store.keep_picture(picture.key, b"a")
    assert repeats.recorded([picture]) == {}
    station.image_store.keep_picture(picture.key, b"a")
