import uuid
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import text
from sqlalchemy.engine.base import RootTransaction
from sqlalchemy.exc import OperationalError

from flawflow.server.db import Filters, InspectionRow, Store
from flawflow.server.errors import LostCommitError, NotFoundError

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def row(number: int = 0, **values) -> InspectionRow:
    usual = {
        "key": uuid.uuid4().hex,
        "time": NOON + timedelta(minutes=number),
        "model": "part",
        "model_sha256": "0" * 64,
        "name": f"{number}.png",
        "source": "upload",
        "score": float(number),
        "p_value": 0.5,
        "verdict": ("OK", "REVIEW", "NG")[number % 3],
        "regions": [{"box": [1, 2, 3, 4], "area": 12, "centroid": [2.5, 4.0]}],
        "height": 40,
        "width": 60,
        "timings": {"read": 1.5},
        "picture_sha256": "f" * 64,
        "heat_low": 0.0,
        "heat_high": 1.0,
        "has_picture": True,
        "has_map": True,
        "has_mask": False,
    }
    return InspectionRow(**(usual | values))


@pytest.fixture
def filled(store) -> Store:
    store.add([(row(number), bytes([number])) for number in range(9)])
    return store


def ids(rows):
    return [each.id for each in rows]


def test_what_is_added_is_found(store):
    one, two = row(1, score=0.1 + 0.2), row(2)
    store.add([(one, b"map one"), (two, b"map two")])
    assert one.id < two.id
    found = store.get(one.id)
    assert found.score == 0.1 + 0.2
    assert (found.time, found.regions, found.timings) == (one.time, one.regions, one.timings)
    assert (store.get_map(one.id), store.get_map(two.id)) == (b"map one", b"map two")


def test_what_is_not_there_is_said(store):
    for ask in (store.get, store.get_map, lambda number: store.set_label(number, "good")):
        with pytest.raises(NotFoundError):
            ask(7)


def test_all_or_none_is_added(store):
    one = row(1)
    with pytest.raises(Exception, match=r"(?i)unique"):
        store.add([(row(2), b""), (one, b""), (row(3, key=one.key), b"")])
    assert store.find(Filters()) == []


def test_pages_go_back_in_time_without_gaps(filled):
    seen, before = [], None
    while page := filled.find(Filters(), before=before, limit=4):
        seen += ids(page)
        before = page[-1].id
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == 9
    assert [each.id for page in filled.walk(Filters()) for each in page] == seen[::-1]


@pytest.mark.parametrize(
    ("filters", "scores"),
    [
        (Filters(verdict="NG"), [8, 5, 2]),
        (Filters(model="other"), []),
        (Filters(since=NOON + timedelta(minutes=7)), [8, 7]),
        (Filters(until=NOON + timedelta(minutes=2)), [1, 0]),
        (Filters(since=(NOON + timedelta(minutes=8)).astimezone(timezone(timedelta(hours=5)))), [8]),
        (Filters(text="3.P"), [3]),
        (Filters(text="%"), []),
        (Filters(text="_.png"), []),
        (Filters(text="UPLOAD", verdict="OK"), [6, 3, 0]),
        (Filters(label="good"), [4]),
        (Filters(label="none", verdict="REVIEW"), [7, 1]),
    ],
)
def test_filters(filled, filters, scores):
    (fourth,) = filled.find(Filters(text="4.png"))
    filled.set_label(fourth.id, "good")
    assert [each.score for each in filled.find(filters)] == scores


def test_counts_leave_the_verdict_aside(filled):
    assert filled.count(Filters(verdict="NG")) == {"OK": 3, "REVIEW": 3, "NG": 3}
    assert filled.count(Filters(text="8.png")) == {"OK": 0, "REVIEW": 0, "NG": 1}


def test_the_review_queue_is_oldest_first_and_empties(filled):
    queue = filled.review_queue(None, limit=10)
    assert [each.score for each in queue] == [1, 4, 7]
    labelled = filled.set_label(queue[0].id, "bad")
    assert (labelled.label, labelled.labelled is None) == ("bad", False)
    assert [each.score for each in filled.review_queue("part", limit=1)] == [4]
    unlabelled = filled.set_label(queue[0].id, None)
    assert (unlabelled.label, unlabelled.labelled) == (None, None)
    assert filled.get(queue[0].id).labelled is None
    assert len(filled.review_queue("part", limit=10)) == 3
    assert filled.review_queue("other", limit=10) == []


def test_the_nearest_to_a_threshold_have_no_label_a_picture_and_the_models_scores(filled):
    assert [each.score for each in filled.nearest("part", "0" * 64, (4.2,), limit=3)] == [4, 5, 3]
    assert [each.score for each in filled.nearest("part", "0" * 64, (8.0, 0.4), limit=3)] == [8, 0, 1]
    for each in filled.nearest("part", "0" * 64, (4.2,), limit=1):
        filled.set_label(each.id, "skip")
    assert [each.score for each in filled.nearest("part", "0" * 64, (4.2,), limit=1)] == [5]
    assert filled.nearest("part", "1" * 64, (4.2,), limit=3) == []
    assert filled.nearest("other", "0" * 64, (4.2,), limit=3) == []
    filled.add([(row(20, score=4.2, has_picture=False), b"")])
    assert [each.score for each in filled.nearest("part", "0" * 64, (4.2,), limit=1)] == [5]


def test_rates_and_switches_give_the_newest(store):
    assert store.rates("part") is None
    store.set_rates("part", false_reject_rate=0.1, review_rate=0.2)
    store.set_rates("part", false_reject_rate=0.3, review_rate=0.4)
    store.set_rates("other", false_reject_rate=0.5, review_rate=0.6)
    assert store.rates("part") == (0.3, 0.4)
    assert store.switches("part") == []
    for version in (1, 2, 1):
        store.add_switch("part", version)
    assert store.switches("part") == [1, 2, 1]


def test_recent_scores(filled):
    assert filled.recent_scores("part", limit=2) == [(8.0, "NG"), (7.0, "REVIEW")]


def test_old_pictures_are_forgotten_in_steps(filled):
    (labelled,) = filled.find(Filters(text="0.png"))
    filled.set_label(labelled.id, "good")
    (skipped,) = filled.find(Filters(text="2.png"))
    filled.set_label(skipped.id, "skip")
    (masked,) = filled.find(Filters(text="1.png"))
    filled.set_mask(masked.id, has_mask=True)
    steps = []
    while keys := filled.expire(NOON + timedelta(minutes=5), limit=2):
        steps.append(len(keys))
    assert steps == [2, 1]
    assert sum(each.has_picture for each in filled.find(Filters())) == 6
    keys = [each.key for each in filled.find(Filters())]
    assert sorted(filled.kept([*keys, "x"]).values()) == [False] * 3 + [True] * 6
    assert filled.kept(["x"]) == filled.kept([]) == {}
    assert filled.get_map(labelled.id) == bytes([0])


def test_times_are_utc_whatever_they_came_as(store):
    at = datetime(2026, 1, 2, 12, tzinfo=timezone(timedelta(hours=-3)))
    one = row(1, time=at)
    store.add([(one, b"")])
    found = store.get(one.id).time
    assert (found, found.utcoffset()) == (at, timedelta(0))


def test_sqlite_is_durable_and_lets_readers_read(tmp_path):
    store = Store(f"sqlite:///{tmp_path / 'a.db'}")
    with store.reading() as session:
        pragmas = [
            session.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert pragmas == ["wal", 2, 1]
    with store.writing.begin() as writer, store.reading() as reader:
        writer.add(row(1))
        writer.flush()
        assert reader.query(InspectionRow).count() == 0
    store.close()


@pytest.mark.parametrize("is_lost", [True, False])
def test_a_commit_whose_connection_broke_off_is_neither_recorded_nor_not(store, monkeypatch, is_lost):
    def fail(_transaction):
        raise OperationalError("COMMIT", None, Exception("gone"), connection_invalidated=is_lost)

    monkeypatch.setattr(RootTransaction, "commit", fail)
    with pytest.raises(LostCommitError if is_lost else OperationalError):
        store.add([(row(), b"map")])
