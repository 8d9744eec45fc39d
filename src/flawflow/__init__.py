"""flawflow: learns what a good part looks like and shows where a new one is wrong."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flawflow.decision.drift import DriftMonitor
    from flawflow.inspection.evaluate import evaluate
    from flawflow.inspection.inspection import Inspection
    from flawflow.inspection.inspector import Inspector
    from flawflow.recipe import Recipe
    from flawflow.training.train import train

__version__ = "0.2.0"

__all__ = ["DriftMonitor", "Inspection", "Inspector", "Recipe", "evaluate", "train"]

# Imported when first asked for: inspecting must not load torch, and the command line's --help no engine.
_HOMES = {
    "DriftMonitor": "flawflow.decision.drift",
    "Inspection": "flawflow.inspection.inspection",
    "Inspector": "flawflow.inspection.inspector",
    "Recipe": "flawflow.recipe",
    "evaluate": "flawflow.inspection.evaluate",
    "train": "flawflow.training.train",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'flawflow' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
