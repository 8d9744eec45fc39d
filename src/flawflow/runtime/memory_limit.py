"""A bound on the memory that models take: a graph of a hundred bytes may ask for any amount of it."""

import functools
import os
import threading

import onnxruntime as ort

# Far beyond what flawflow's largest models take (about 4 GiB for a memory of 1.6 GB and its working copies).
_MAX_POOL_BYTES = 8 * 2**30
_LOCK = threading.Lock()


def bound_memory(options: ort.SessionOptions) -> None:
    """Let a session take its memory from one pool of bounded size, which all sessions of the process share.

    The bound is 8 GiB, or three quarters of the machine's memory where that is less. A graph that asks for
    more fails with an error, where the machine would come to a stand.
    """
    with _LOCK:
        _make_pool()
    options.add_session_config_entry("session.use_env_allocators", "1")


@functools.cache
def _make_pool() -> None:
    place = ort.OrtMemoryInfo("Cpu", ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, ort.OrtMemType.DEFAULT)
    # -1: ONNX Runtime's own choice.
    ort.create_and_register_allocator(place, ort.OrtArenaCfg(_bound(), -1, -1, -1))


def _bound() -> int:
    try:
        whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return _MAX_POOL_BYTES  # Windows does not say.
    return min(_MAX_POOL_BYTES, whole * 3 // 4) if whole > 0 else _MAX_POOL_BYTES
