"""The limit of open files and connections, which many systems set low for the sake of old programs."""

import sys

# More than a station ever needs; some systems call "unlimited" what they then refuse.
_WANTED_DESCRIPTORS = 65_536
_DESCRIPTORS_WITHOUT_LIMIT = 4096


def raise_limit() -> int:
    """Raise this process's limit of descriptors as far as it may, and give it."""
    if sys.platform == "win32":
        return _DESCRIPTORS_WITHOUT_LIMIT
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _WANTED_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _WANTED_DESCRIPTORS)
    # Never lower: a soft limit beyond is somebody's decision.
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):
        return soft
    return wanted
