"""What people read is plain technical English: the phrases of docs/phrases.txt are nowhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LIST = ROOT / "docs" / "phrases.txt"
KINDS = {".py", ".md", ".js", ".html", ".ipynb"}
# What was released keeps its words.
LEFT_OUT = {"CHANGELOG.md"}


def phrases() -> dict[str, str]:
    """What is written instead of each phrase."""
    lines = [line for line in LIST.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    return dict(line.split(" -> ", 1) for line in lines)


def found_in(text: str) -> list[tuple[int, str]]:
    """Line number and phrase of each find, which may be broken over lines; "There is no file" is fine."""
    gap = r"[\s#*/\"]+"
    pattern = "|".join(gap.join(map(re.escape, phrase.split())) for phrase in phrases())
    hits = re.finditer(rf"(?<!there\s)\b(?:{pattern})\b", text, re.IGNORECASE)
    return [(text.count("\n", 0, hit.start()) + 1, " ".join(hit[0].split())) for hit in hits]


def read() -> list[Path]:
    folders = (path for folder in ("src", "docs") for path in (ROOT / folder).rglob("*"))
    paths = [path for path in (*folders, *ROOT.glob("*.md")) if path.suffix in KINDS]
    return [path for path in paths if path.name not in LEFT_OUT]


def test_the_phrases_are_nowhere():
    hits = [
        f"{path.relative_to(ROOT)}:{line}: {phrase}"
        for path in read()
        for line, phrase in found_in(path.read_text("utf-8"))
    ]
    assert not hits, "\n".join(hits)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("save it anew", [1]),
        ("first\nparts that lie\n    # anyhow", [2]),
        ("a folder.\nIt is no\n    folder", [2]),
        ("canew is no foldering; there is no folder", []),
    ],
)
def test_a_phrase_is_found_wherever_it_stands(text, lines):
    assert [line for line, _ in found_in(text)] == lines


def test_every_phrase_says_what_to_write():
    assert len(phrases()) > 20
    assert all(instead and not found_in(instead) for instead in phrases().values())
