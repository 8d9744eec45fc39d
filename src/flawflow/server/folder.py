"""The data folder: for the station's own user alone."""

import logging
import stat
from pathlib import Path

_PRIVATE = 0o700

_log = logging.getLogger("flawflow.server")


def make_private(folder: Path) -> None:
    """Make the data folder, or close the one that is there to all but its owner.

    It holds the passwords of cameras, the record and pictures of the line. A folder that everybody may write
    to by intent (the sticky bit, as of /tmp) or that is another user's stays as it is, with a warning.
    """
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=_PRIVATE, exist_ok=True)
    mode = folder.stat().st_mode
    if stat.S_IMODE(mode) & ~_PRIVATE == 0:
        return
    try:
        if mode & stat.S_ISVTX:
            raise PermissionError
        folder.chmod(_PRIVATE)
    except PermissionError:
        _log.warning("other users of this computer can read %s: use a folder of your own", folder)
