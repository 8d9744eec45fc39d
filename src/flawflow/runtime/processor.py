"""What this machine computes with."""

import functools
import platform
from pathlib import Path


@functools.cache
def processor() -> str:
    """The processor's name, with family and model where the system tells them: generations share names.

    >>> bool(processor())
    True
    """
    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8", "replace").splitlines() if info.is_file() else []
    told = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    name = told.get("model name") or platform.processor() or platform.machine() or "unknown processor"
    return f"{name} (family {told['cpu family']}, model {told['model']})" if "cpu family" in told else name
