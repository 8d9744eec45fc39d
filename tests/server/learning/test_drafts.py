"""A draft on the disk is whole or not there, whenever the station ends."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from flawflow.server.errors import ConflictError, NotFoundError
from flawflow.server.learning.draft import ABOUT, DraftPicture, Learned
from flawflow.server.learning.drafts import Drafts
from flawflow.server.learning.shapes import copies_of
from flawflow.server.retraining.report import TrainingReport
from flawflow.server.settings import Settings

Picture = Callable[..., bytes]


@pytest.fixture
def kept(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data")


def filled(settings: Settings, make_picture: Picture, count: int = 3) -> Drafts:
    drafts = Drafts(settings)
    drafts.create("part")
    drafts.add("part", [(f"{seed}.png", make_picture(seed)) for seed in range(count)])
    return drafts


def test_what_is_kept_is_there_again(kept: Settings, make_picture: Picture):
    drafts = filled(kept, make_picture)
    first = drafts.get("part").pictures[0]
    drafts.place("part", [first.id], left_out=True)
    drafts.set_roi("part", make_picture(9))
    again = Drafts(kept)
    assert again.all() == drafts.all()
    assert again.content("part") == drafts.content("part")
    assert again.folder("part").names_left_out() == {first.file}


def test_a_picture_that_a_crash_left_without_an_entry_is_not_learned_from(
    kept: Settings, make_picture: Picture
):
    drafts = filled(kept, make_picture)
    folder = drafts.folder("part")
    # Killed between the picture and the draft's file; and a file of which only a part was written.
    (folder.good / f"{'0' * 32}.png").write_bytes(make_picture(7))
    (folder.good / ".flawflow-0123.part").write_bytes(b"half")
    gone = drafts.get("part").pictures[1]
    (folder.good / gone.file).unlink()
    again = Drafts(kept)
    assert {path.name for path in folder.good.iterdir()} == {each.file for each in again.get("part").pictures}
    assert len(again.get("part").pictures) == 2


def test_a_draft_that_was_not_made_to_its_end_is_none(kept: Settings):
    (kept.data / "drafts" / "part" / "good").mkdir(parents=True)
    drafts = Drafts(kept)
    assert drafts.all() == []
    assert drafts.create("part").pictures == ()


def test_a_removal_that_was_cut_short_is_finished(kept: Settings, make_picture: Picture):
    drafts = filled(kept, make_picture)
    folder = drafts.folder("part").path
    folder.rename(folder.with_name(".part.part"))
    assert Drafts(kept).all() == []
    assert list((kept.data / "drafts").iterdir()) == []


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"name": "part"}', '{"name": 7, "created": ""}'])
def test_a_damaged_draft_is_named_and_left_alone_and_the_others_go_on(
    kept: Settings, make_picture: Picture, caplog: pytest.LogCaptureFixture, content: str
):
    drafts = filled(kept, make_picture)
    drafts.create("other")
    about = drafts.folder("part").path / ABOUT
    about.write_text(content)
    again = Drafts(kept)
    assert [draft.name for draft in again.all()] == ["other"]
    assert f"{about} is damaged" in caplog.text
    assert about.read_text() == content
    with pytest.raises(ConflictError, match="is damaged"):
        again.create("part")


def test_a_draft_of_another_name_is_damaged(kept: Settings, make_picture: Picture):
    folder = filled(kept, make_picture).folder("part").path
    folder.rename(folder.with_name("copy"))
    assert Drafts(kept).all() == []


def test_nothing_changes_while_it_is_learned_from(kept: Settings, make_picture: Picture):
    drafts = filled(kept, make_picture)
    drafts.is_learning = lambda name: name == "part"
    before = drafts.content("part")
    for change in (
        lambda: drafts.add("part", [("new.png", make_picture(8))]),
        lambda: drafts.place("part", [drafts.get("part").pictures[0].id], left_out=True),
        lambda: drafts.set_roi("part", b""),
        lambda: drafts.remove("part"),
    ):
        with pytest.raises(ConflictError, match="is being learned"):
            change()
    assert drafts.content("part") == before
    with pytest.raises(NotFoundError):
        drafts.add("none", [])


def test_there_are_so_many_drafts_and_no_more(kept: Settings):
    drafts = Drafts(kept)
    for number in range(32):
        drafts.create(f"part{number}")
    with pytest.raises(ConflictError, match="at most 32 drafts"):
        drafts.create("more")


def test_copies_are_those_of_the_first_that_came():
    def picture(name: str, pixels: str) -> DraftPicture:
        return DraftPicture(file=name, name=name, height=1, width=1, size=1, pixels=pixels)

    pictures = [picture("c", "1"), picture("a", "2"), picture("b", "1"), picture("d", "3")]
    assert copies_of(pictures, None) == {"b": "c"}
    # A training sees them in the order of their names, and others that are nearly alike.
    pairs = (("c", "b"), ("d", "a"), ("gone", "a"))
    report = TrainingReport(count=4, suspects=(), copies=pairs, failures=(), notes=())
    learned = Learned(job=1, of="", report=report)
    assert copies_of(pictures, learned) == {"b": "c", "d": "a"}
    assert copies_of(pictures[1:], learned) == {"d": "a"}
    assert copies_of(pictures, dataclasses.replace(learned, report=None)) == {"b": "c"}
