"""Inspecting pictures with a model file, without torch."""

from flawflow.inspection.inspection import Failure, Inspection, Timings
from flawflow.inspection.inspector import Inspector
from flawflow.runtime.engine import Engine, OnnxRuntimeEngine

__all__ = ["Engine", "Failure", "Inspection", "Inspector", "OnnxRuntimeEngine", "Timings"]
