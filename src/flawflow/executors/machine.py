"""What this machine, or the container that this runs in, has to give."""

import os
from pathlib import Path

_CONTROL_GROUP = Path("/sys/fs/cgroup")
_MEMORY = Path("/proc/meminfo")
_GPUS = Path("/proc/driver/nvidia/gpus")


def cores() -> int:
    """The cores that this process may use: of the machine, of its affinity, of its container's quota."""
    found = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota, _, period = _control("cpu.max").partition(" ")
    if quota.isdecimal() and period.isdecimal():
        found = min(found, -(-int(quota) // int(period)))
    return max(found, 1)


def free_memory() -> int | None:
    """Bytes of memory that can be taken without swapping; None where the system does not say."""
    limits = []
    if _MEMORY.is_file():
        lines = (line.partition(":") for line in _MEMORY.read_text("ascii", "replace").splitlines())
        values = {key: value.split() for key, _, value in lines}
        limits += [1024 * int(values["MemAvailable"][0])] if "MemAvailable" in values else []
    most, taken = _control("memory.max"), _control("memory.current")
    if most.isdecimal() and taken.isdecimal():
        limits.append(max(int(most) - int(taken), 0))
    return min(limits, default=None)


def gpus() -> tuple[str, ...]:
    """NVIDIA's GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        return tuple(name.strip() for name in chosen.split(",") if name.strip() not in ("", "-1"))
    return tuple(str(number) for number, _ in enumerate(_GPUS.iterdir())) if _GPUS.is_dir() else ()


def _control(name: str) -> str:
    try:
        return (_CONTROL_GROUP / name).read_text("ascii").strip()
    except (OSError, ValueError):
        return ""
