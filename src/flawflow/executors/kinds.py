"""Which executors there are. None is imported before it is asked for.

A package of others adds one by an entry point of the group `flawflow.executors`, whose name is the
executor's and which leads to an `ExecutorKind`:

    [project.entry-points."flawflow.executors"]
    slurm = "our_package.kinds:SLURM"
"""

import importlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points

from flawflow.errors import ExecutorError, did_you_mean
from flawflow.executors.contract import Executor

ENTRY_POINTS = "flawflow.executors"


@dataclass(frozen=True, kw_only=True)
class ExecutorKind:
    """An executor as the command line knows it.

    Attributes:
        home: Its class as "module:Class"; it is made as `load_executor` says.
        package: The package that it needs; empty for none.
        way_out: How to install that, as a part of a sentence.
    """

    home: str
    package: str = ""
    way_out: str = ""


EXECUTORS: Mapping[str, ExecutorKind] = {
    "local": ExecutorKind(home="flawflow.executors.local:LocalExecutor"),
    "inline": ExecutorKind(home="flawflow.executors.inline:InlineExecutor"),
    "ray": ExecutorKind(
        home="flawflow.executors.ray_executor:RayExecutor",
        package="ray",
        way_out="pip install 'flawflow[ray]'",
    ),
}
"""The executors that flawflow knows itself."""


def load_executor(place: str, *, at_once: int | None = None) -> Executor:
    """Make an executor.

    Args:
        place: Its name, or its name and an address: "local", "ray", "ray://head:10001".
        at_once: Most jobs at a time; as many as there is room for where it is not given.

    Raises:
        ExecutorError: There is none of this name, what it needs is not installed, or it takes no address.
    """
    name = place.partition("://")[0]
    kind = _kind(name)
    if kind.package and importlib.util.find_spec(kind.package) is None:
        raise ExecutorError(f"--on {name} needs {kind.package}, which is not installed: {kind.way_out}")
    module, _, made = kind.home.partition(":")
    make = getattr(importlib.import_module(module), made)
    executor: Executor = make(address="" if place == name else place, at_once=at_once)
    return executor


def _kind(name: str) -> ExecutorKind:
    if name in EXECUTORS:
        return EXECUTORS[name]
    points = {point.name: point for point in entry_points(group=ENTRY_POINTS)}
    if name not in points:
        known = (*EXECUTORS, *sorted(points))
        hint = did_you_mean(name, known, f"choose one of {', '.join(known)}.", most=1)
        raise ExecutorError(f"There is no executor {name!r}; {hint}")
    try:
        kind = points[name].load()
    except (ImportError, AttributeError) as error:
        raise ExecutorError(
            f"The executor {name} cannot be loaded ({points[name].value}): {error}"
        ) from error
    if not isinstance(kind, ExecutorKind):
        raise ExecutorError(f"{points[name].value} is no ExecutorKind: the executor {name} cannot be used.")
    return kind
