"""Requests that are sent again: `Idempotency-Key` makes the second one give what the first one recorded."""

import hashlib
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace

from sqlalchemy import select

from flawflow.server.db import InspectionRow, Store
from flawflow.server.errors import ConflictError, ValueRefusedError
from flawflow.server.image_store import ImageStore
from flawflow.server.inspection_service import Given, Outcome

LONGEST_KEY = 255


class Repeats:
    """Gives each picture of a request a record key that follows from the request's own key.

    A record key is unique in the database, so that nothing is recorded twice, over restarts as well, and what
    was recorded is found by it.
    """

    def __init__(self, store: Store, image_store: ImageStore, journal: str) -> None:
        """Look into a record.

        Args:
            store: The record.
            image_store: The files that it names.
            journal: The station's identity.
        """
        self._store, self._image_store, self._journal = store, image_store, journal
        self._lock = threading.Lock()
        self._in_work: set[str] = set()

    def begin(self, key: str) -> None:
        """Take a request's key until `end`.

        Raises:
            ConflictError: One with the same key is in work.
        """
        with self._lock:
            if key in self._in_work:
                raise ConflictError("a request with this Idempotency-Key is in work: ask again in a moment")
            self._in_work.add(key)

    def end(self, key: str, futures: "Sequence[Future[Outcome]]") -> None:
        """Let go of a request's key as soon as its pictures are done, whether or not anybody still waits."""
        left = [future for future in futures if not future.done()]
        if left:
            left[-1].add_done_callback(lambda _: self.end(key, left))
            return
        with self._lock:
            self._in_work.discard(key)

    def keyed(self, key: str, pictures: Sequence[Given]) -> list[Given]:
        """Give the pictures with their record keys."""
        return [replace(picture, key=self._record_key(key, at)) for at, picture in enumerate(pictures)]

    def recorded(self, pictures: Sequence[Given]) -> dict[str, InspectionRow]:
        """Give what was recorded of keyed pictures, by record key.

        Raises:
            ValueRefusedError: It was recorded of another picture.
        """
        row = InspectionRow
        keys = [picture.key for picture in pictures]
        with self._store.reading() as session:
            found = {each.key: each for each in session.scalars(select(row).where(row.key.in_(keys)))}
        for picture in pictures:
            known = found.get(picture.key or "")
            if known is not None and isinstance(picture.content, bytes):
                digest = hashlib.sha256(picture.content).hexdigest()
                if known.picture_sha256 != digest:
                    raise ValueRefusedError("this Idempotency-Key was used with other pictures: take another")
        # What a lost commit left behind, and is written again.
        self._image_store.drop_pictures(key for key in keys if key is not None and key not in found)
        return found

    def _record_key(self, key: str, at: int) -> str:
        # Hashed: no name from outside becomes a path.
        return hashlib.sha256(f"{self._journal}\n{at}\n{key}".encode()).hexdigest()[:32]
