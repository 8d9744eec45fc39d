"""Former spellings of public names: they still work, and warn, for one minor version."""

import sys
import warnings
from collections.abc import Callable, Mapping
from typing import Any

REMOVED_IN = "0.3"


def warn_renamed(old: str, new: str) -> None:
    """Warn whoever calls the caller that a name has changed."""
    warnings.warn(
        f"{old} is now called {new}; the old name goes in flawflow {REMOVED_IN}",
        DeprecationWarning,
        stacklevel=3,
    )


def renamed_names(module: str, names: Mapping[str, str]) -> Callable[[str], Any]:
    """Give the `__getattr__` of a module some of whose names have changed.

    Args:
        module: Its `__name__`.
        names: The new name of each old one.
    """

    def get(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        warn_renamed(f"{module}.{name}", names[name])
        return getattr(sys.modules[module], names[name])

    return get


def renamed_attribute(old: str, new: str) -> property:
    """Give the property under which an attribute is still found by its old name."""

    def get(self: Any) -> Any:
        warn_renamed(f"{type(self).__name__}.{old}", new)
        return getattr(self, new)

    return property(get, doc=f"The former name of `{new}`.")
