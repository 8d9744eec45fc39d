import importlib.metadata
import importlib.util

import pytest

from flawflow.errors import ExecutorError
from flawflow.executors import kinds
from flawflow.executors.inline import InlineExecutor
from flawflow.executors.kinds import ExecutorKind, load_executor

OURS = ExecutorKind(home="flawflow.executors.inline:InlineExecutor")


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Packages that announce the executor ours, and some that are none."""
    points = [
        importlib.metadata.EntryPoint("ours", f"{__name__}:OURS", kinds.ENTRY_POINTS),
        importlib.metadata.EntryPoint("text", "json:__doc__", kinds.ENTRY_POINTS),
        importlib.metadata.EntryPoint("gone", "nowhere:KIND", kinds.ENTRY_POINTS),
    ]
    monkeypatch.setattr(kinds, "entry_points", lambda group: points)
    monkeypatch.setattr(points[0].__class__, "load", _load)


def _load(point: importlib.metadata.EntryPoint) -> object:
    if point.name == "gone":
        raise ImportError("No module named 'nowhere'")
    return OURS if point.name == "ours" else "text"


@pytest.mark.usefixtures("registered")
def test_executors_of_others_are_found_by_name():
    assert isinstance(load_executor("ours"), InlineExecutor)


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("loca", "There is no executor 'loca'; did you mean local?"),
        ("slurm", "There is no executor 'slurm'; choose one of local, inline, ray, gone, ours, text."),
        ("text", "is no ExecutorKind"),
        ("gone", "No module named 'nowhere'"),
        ("local://there", "takes no address"),
        ("inline://there", "takes no address"),
    ],
)
def test_what_cannot_be_is_one_sentence(place: str, said: str):
    with pytest.raises(ExecutorError, match=said.replace("(", r"\(")):
        load_executor(place)


def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(
        ExecutorError, match=r"needs ray, which is not installed: pip install 'flawflow\[ray\]'"
    ):
        load_executor("ray://head:10001")
