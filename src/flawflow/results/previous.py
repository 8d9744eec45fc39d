"""The results of an earlier inspection in a folder: whether there are any, and how they go."""

import json
from pathlib import Path

from flawflow.errors import FlawflowError
from flawflow.results.sinks.lines import LIST_NAME
from flawflow.results.sinks.overlays import OVERLAYS_NAME, TIMELINE_SUFFIX
from flawflow.results.sinks.parquet import PARQUET_NAME
from flawflow.results.sinks.report import DRIFT_NAME, PAGE_NAME

_JSON_NAME = f"{LIST_NAME}.jsonl"
_CSV_NAME = f"{LIST_NAME}.csv"
_RESULTS = (_JSON_NAME, _CSV_NAME, PARQUET_NAME, PAGE_NAME)

# The list of results that are being removed.
_GOING_NAME = ".results.going.jsonl"


def has_results(folder: Path) -> bool:
    """Say whether a folder holds results of an earlier inspection."""
    return any((folder / name).exists() for name in _RESULTS)


def clear(folder: Path) -> None:
    """Remove an earlier inspection's files, and nothing else, from a folder.

    Only overlays that the earlier results.jsonl names are removed, a video's with its timeline. Pictures that
    were placed by verdict stay.

    Raises:
        FlawflowError: results.jsonl is not flawflow's.
    """
    listing, going = folder / _JSON_NAME, folder / _GOING_NAME
    names = {*_earlier_overlays(listing), *_earlier_overlays(going)}
    for name in (PAGE_NAME, _CSV_NAME, PARQUET_NAME, DRIFT_NAME):
        (folder / name).unlink(missing_ok=True)
    # A kill from here on must not leave a list of overlays that are gone, nor overlays that no list names.
    if listing.exists():
        listing.replace(going)
    for name in names:
        path = folder / name
        # A list from elsewhere must not reach out of the folder.
        if path.is_file() and path.resolve().is_relative_to((folder / OVERLAYS_NAME).resolve()):
            path.unlink()
            if path.suffix == ".mp4":
                path.with_suffix(TIMELINE_SUFFIX).unlink(missing_ok=True)
    going.unlink(missing_ok=True)


def _earlier_overlays(listing: Path) -> list[str]:
    if not listing.exists():
        return []
    try:
        # A line without its end was cut by a full disk.
        lines = [line for line in listing.read_bytes().split(b"\n")[:-1] if line]
        records = [json.loads(line) for line in lines]
        names = [record["overlay"] for record in records if record["overlay"] is not None]
        if not all(isinstance(name, str) for name in names):
            raise TypeError("an overlay is not a name")
        return names
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise FlawflowError(
            f"{listing} is not a result list of flawflow ({type(error).__name__}): "
            "choose another output folder or move the file away"
        ) from None
