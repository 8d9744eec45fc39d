"""The names of all objects below a place, without holding them."""

import contextlib
from collections.abc import Iterator
from typing import Any


def names_below(store: Any, key: str, *, pages: bool) -> Iterator[str]:
    """Give the name of every object below a key, at any depth, from that key on.

    Args:
        store: A filesystem of fsspec.
        key: As it names the place.
        pages: Whether it is S3, which is asked for pages of 1,000, so memory stays flat. Of other stores one
            folder is listed at a time: memory grows with the largest folder.
    """
    return _names_by_page(store, key) if pages else _names_by_folder(store, key)


def _names_by_page(store: Any, key: str) -> Iterator[str]:
    bucket, _, inside = key.strip("/").partition("/")
    prefix = f"{inside}/" if inside else ""
    request = {"Bucket": bucket, "Prefix": prefix}
    while True:
        answer = store.call_s3("list_objects_v2", **request)
        for found in answer.get("Contents", ()):
            name = found["Key"][len(prefix) :]
            # Some programs mark a folder by an object of its name.
            if name and not name.endswith("/"):
                yield name
        if not answer.get("IsTruncated"):
            return
        request["ContinuationToken"] = answer["NextContinuationToken"]


def _names_by_folder(store: Any, key: str) -> Iterator[str]:
    # Stores but S3 call a folder missing where nothing is below it.
    with contextlib.suppress(FileNotFoundError):
        for root, _, names in store.walk(key, detail=False, on_error="raise"):
            inside = root.rstrip("/")[len(key.rstrip("/")) :].strip("/")
            yield from (f"{inside}/{name}" if inside else name for name in names if name)
