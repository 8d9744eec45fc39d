"""Keeps Pillow's remarks off a person's screen, whichever thread it runs in."""

import contextlib
import logging
import threading
import warnings
from collections.abc import Iterator

# Pillow logs an error beside some exceptions; without any handler Python would print it.
logging.getLogger("PIL").addHandler(logging.NullHandler())

_lock = threading.Lock()
_silence = contextlib.ExitStack()
_inside = 0


@contextlib.contextmanager
def quiet_pillow() -> Iterator[None]:
    """Ignore the warnings that Pillow's modules raise while the block runs; all others pass.

    `warnings.catch_warnings` swaps the process's filters and is unsafe when blocks of several threads
    overlap: the first to leave would unsilence the others, the last would put back a stale state.
    Here the first thread in swaps, the last one out swaps back. What libtiff, a C library, prints about
    a damaged compressed TIFF goes to the standard error stream all the same.
    """
    global _inside  # noqa: PLW0603 - one count for the process, as the filters it guards are the process's
    with _lock:
        if _inside == 0:
            _silence.enter_context(warnings.catch_warnings())
            warnings.filterwarnings("ignore", module=r"PIL\.")
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                _silence.close()
