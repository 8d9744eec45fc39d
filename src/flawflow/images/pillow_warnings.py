"""Keeps Pillow's remarks off a person's screen, whichever thread it runs in."""

import contextlib
import ctypes
import functools
import logging
import threading
import warnings
from collections.abc import Callable, Iterator

from PIL import _imaging

# Pillow logs an error beside some exceptions; without any handler Python would print it.
logging.getLogger("PIL").addHandler(logging.NullHandler())

_lock = threading.Lock()
_silence = contextlib.ExitStack()
_inside = 0


@contextlib.contextmanager
def quiet_pillow() -> Iterator[None]:
    """Ignore what Pillow's modules warn of and libtiff prints while the block runs; all else passes.

    `warnings.catch_warnings` swaps the process's filters and is unsafe when blocks of several threads
    overlap: the first to leave would unsilence the others, the last would put back a stale state.
    Here the first thread in swaps, the last one out swaps back. One filter for the whole process would be
    simpler, and would hide Pillow's warnings from programs that import flawflow and use Pillow themselves.
    """
    global _inside  # noqa: PLW0603 - one count for the process, as the filters it guards are the process's
    with _lock:
        if _inside == 0:
            _silence.enter_context(warnings.catch_warnings())
            warnings.filterwarnings("ignore", module=r"PIL\.")
            _silence.enter_context(_quiet_libtiff())
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                _silence.close()


@contextlib.contextmanager
def _quiet_libtiff() -> Iterator[None]:
    """Take away the handler by which libtiff, a C library, prints errors; Pillow raises them as well.

    Pillow has no way to set it, and without this a damaged TIFF writes past `sys.stderr` into a person's
    terminal (tests/hostile/test_pictures.py).
    """
    set_handler = _libtiff_handler()
    if set_handler is None:
        yield
        return
    before = set_handler(None)
    try:
        yield
    finally:
        set_handler(before)


@functools.cache
def _libtiff_handler() -> Callable[[int | None], int | None] | None:
    """Find `TIFFSetErrorHandler` in the libtiff that Pillow is linked with; None where it is out of reach."""
    try:
        # A library's handle finds the names of the libraries that it needs, too (not on Windows).
        function = ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler
    except (AttributeError, OSError, TypeError):
        return None
    function.argtypes, function.restype = [ctypes.c_void_p], ctypes.c_void_p
    return function
