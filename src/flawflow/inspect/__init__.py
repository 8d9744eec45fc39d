"""Inspecting pictures with a model file, without torch."""

from flawflow.inspect.engine import Engine, OnnxRuntimeEngine
from flawflow.inspect.inspection import Failure, Inspection, Timings
from flawflow.inspect.inspector import Inspector

__all__ = ["Engine", "Failure", "Inspection", "Inspector", "OnnxRuntimeEngine", "Timings"]
