"""flawflow: learns what a good part looks like and shows where a new one is wrong."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flawflow.inspect.evaluate import evaluate
    from flawflow.inspect.inspection import Inspection
    from flawflow.inspect.inspector import Inspector
    from flawflow.judge.drift import DriftMonitor
    from flawflow.learn.train import train
    from flawflow.recipe import Recipe

__version__ = "0.2.0"

__all__ = ["DriftMonitor", "Inspection", "Inspector", "Recipe", "evaluate", "train"]

# Imported when first asked for: inspecting must not load torch, and the command line's --help no engine.
_HOMES = {
    "DriftMonitor": "flawflow.judge.drift",
    "Inspection": "flawflow.inspect.inspection",
    "Inspector": "flawflow.inspect.inspector",
    "Recipe": "flawflow.recipe",
    "evaluate": "flawflow.inspect.evaluate",
    "train": "flawflow.learn.train",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'flawflow' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
