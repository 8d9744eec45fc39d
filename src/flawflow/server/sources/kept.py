"""The file of a station's sources, which may hold the passwords of cameras."""

import json
import logging
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

from flawflow.errors import one_line
from flawflow.server.sources.source import Source
from flawflow.storage.files import SECRET_MODE, write_whole
from flawflow.typed import FieldError, completed, parse

_FILE_NAME = "sources.json"

_log = logging.getLogger("flawflow.server")


def write_sources(folder: Path, sources: Iterable[Source]) -> None:
    """Write the file; nobody but the station's user may read it."""
    content = json.dumps([asdict(source) for source in sources], indent=1)
    write_whole(folder / _FILE_NAME, content, mode=SECRET_MODE)


def read_sources(folder: Path) -> Iterator[Source]:
    """Give the sources that can be read.

    A file that is damaged, wholly or in part, is named in the log and kept under another name: the next
    source that is added writes a new one.
    """
    path = folder / _FILE_NAME
    try:
        values = json.loads(path.read_text("utf-8"))
        if not isinstance(values, list):
            raise TypeError("it is not a list")
    except FileNotFoundError:
        return
    except (OSError, ValueError, TypeError) as error:
        _set_aside(path, error)
        return
    broken: FieldError | None = None
    for each in values:
        try:
            yield parse(Source, completed(Source, each), "a source")
        except FieldError as error:
            broken = error
    if broken is not None:
        _set_aside(path, broken)


def _set_aside(path: Path, error: Exception) -> None:
    aside = path.with_name(f"{path.name}.damaged")
    reason = one_line(str(error))
    _log.error("%s is damaged (%s): add its sources again; it is kept as %s", path, reason, aside.name)
    try:
        write_whole(aside, path.read_bytes(), mode=SECRET_MODE)
    except OSError as failure:
        _log.error("%s cannot be kept (%s)", aside, failure.strerror)
