"""Looking into a folder: which picture files are there, with size and time of change.

Folders are looked at now and then (`os.scandir`) instead of being told of changes by the kernel: inotify and
its like see only what this machine does, and a line's pictures mostly come over a network share.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from flawflow.images.find import is_named, is_passed_by


@dataclass(frozen=True, order=True)
class Seen:
    """A file as it was seen. Sorts by time of change, then by path: the oldest first.

    Attributes:
        mtime_ns: Time of change in nanoseconds, by the clock of the file system (`time_of`).
        path: Relative to the watched folder, as the file system spells it.
        size: In bytes.
    """

    mtime_ns: int
    path: str
    size: int


def scan(
    folder: Path, *, leave_out: Path | None = None, on_error: Callable[[OSError], None]
) -> Iterator[Seen]:
    """Give the picture files in a folder and below, in no order, holding one folder open at a time.

    Hidden names (`.name`) are left out: many programs write there first and rename. So are thumbnails of
    network storages. Links are not followed,
    so that nothing outside the folder is ever read.

    Args:
        folder: Where to look.
        leave_out: A folder inside that is not looked into, such as one's own output.
        on_error: Called with what cannot be looked at (no permission, a share that is gone).
    """
    hidden = None if leave_out is None else os.path.abspath(leave_out)  # noqa: PTH100 resolve() follows links
    waiting = [os.path.abspath(folder)]  # noqa: PTH100
    start = waiting[0].rstrip(os.sep) + os.sep
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    try:
                        if entry.is_dir(follow_symlinks=False):
                            if entry.path != hidden and not is_passed_by(entry.name):
                                waiting.append(entry.path)
                        elif is_named(Path(entry.name)) and entry.is_file(follow_symlinks=False):
                            yield _seen(entry, start)
                    except FileNotFoundError:
                        continue  # taken away since the folder was read
                    except OSError as error:
                        # One entry that cannot be looked at does not hide the others.
                        on_error(error)
        except OSError as error:
            on_error(error)


def time_of(state: os.stat_result) -> int:
    """The time of change in nanoseconds, within 64 bits: beyond the year 2262 it begins again in 1677.

    The journal has no room for more, and to notice a change it need only be another one.
    """
    return (state.st_mtime_ns + (1 << 63)) % (1 << 64) - (1 << 63)


def _seen(entry: "os.DirEntry[str]", start: str) -> Seen:
    state = entry.stat(follow_symlinks=False)
    return Seen(time_of(state), entry.path.removeprefix(start), state.st_size)
