import os
from pathlib import Path, PurePath

from hypothesis import given
from hypothesis import strategies as st

from flawflow.report.overlay_paths import overlay_paths

parts = st.sampled_from(["a", "A", "b", "a_png", "x.y"])
suffixes = st.sampled_from([".png", ".bmp", ".PNG", ".jpg", ""])


@given(st.sets(st.tuples(st.lists(parts, max_size=3), parts, suffixes).map(
    lambda t: Path("in", *t[0], t[1] + t[2])), min_size=1))  # fmt: skip
def test_no_two_overlays_share_a_place_and_all_stay_inside(pictures: set[Path]):
    names = overlay_paths(sorted(pictures))
    assert names.keys() == pictures
    assert len({name.casefold() for name in names.values()}) == len(pictures)
    for name in names.values():
        assert name.endswith(".jpg")
        assert not PurePath(name).is_absolute()
        assert ".." not in PurePath(name).parts


def test_folders_are_mirrored_from_the_one_that_holds_all(tmp_path: Path):
    pictures = [tmp_path / "line1/day/a.png", tmp_path / "line2/a.png"]
    assert list(overlay_paths(pictures).values()) == ["line1/day/a.jpg", "line2/a.jpg"]


def test_relative_and_absolute_paths_go_together():
    pictures = [Path("sub/a.png"), Path.cwd() / "sub" / "b.png", Path("sub/../sub/c.png")]
    assert list(overlay_paths(pictures).values()) == ["a.jpg", "b.jpg", "c.jpg"]


def test_one_picture_keeps_its_name():
    assert overlay_paths([Path(os.sep) / "deep" / "down" / "p.tiff"]) == {Path("/deep/down/p.tiff"): "p.jpg"}


def test_a_name_that_another_picture_really_has_is_not_taken():
    pictures = [Path("a.png"), Path("a_bmp.png"), Path("a.bmp")]
    assert list(overlay_paths(pictures).values()) == ["a.jpg", "a_bmp.jpg", "a_bmp_2.jpg"]
