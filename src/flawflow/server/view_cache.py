"""What people look at: made once, and one thing at a time, so that the cores are there for inspections."""

import asyncio
import contextlib
import functools
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, TypeVar

from starlette.concurrency import run_in_threadpool

from flawflow.images import read_image
from flawflow.server.db import InspectionRow
from flawflow.server.errors import BusyError
from flawflow.server.images import overlay_png, shown
from flawflow.server.rendered_copies import RenderedCopies

_T = TypeVar("_T")

COPY_SIDES_PIXELS = (160, 640, 2048)
"""The longest sides of copies, in pixels: a strip's, a card's and a screen's."""

_MAX_CACHE_BYTES = 512 << 20
_RETRY_SECONDS = 2


class RenderQueue:
    """Makes one thing after the other, and keeps what it made.

    One picture of 20 megapixels takes some 300 MB while it is drawn: what many ask for at once must wait.
    """

    def __init__(self, folder: Path, *, most_waiting: int) -> None:
        self._copies = RenderedCopies(folder, most_bytes=_MAX_CACHE_BYTES)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="flawflow-looking")
        self._lock = threading.Lock()
        self._waiting, self._most_waiting = 0, most_waiting

    async def get(self, name: str, make: Callable[[], bytes]) -> BinaryIO:
        """Give what was made under a name, or make it.

        Raises:
            BusyError: Too much waits to be made.
        """
        found = await run_in_threadpool(self._copies.find, name)
        return found if found is not None else await self.run(functools.partial(self._made, name, make))

    async def run(self, work: Callable[[], _T]) -> _T:
        """Do something when it is its turn.

        Raises:
            BusyError: Too much waits.
        """
        with self._room():
            return await asyncio.wrap_future(self._pool.submit(work))

    def drop(self, names: Iterable[str]) -> None:
        """Remove what was made."""
        self._copies.drop(names)

    def close(self) -> None:
        """Make no more."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _made(self, name: str, make: Callable[[], bytes]) -> BinaryIO:
        # Several may have asked for it before it was there.
        found = self._copies.find(name)
        return found if found is not None else self._copies.keep(name, make())

    @contextlib.contextmanager
    def _room(self) -> Iterator[None]:
        with self._lock:
            if self._waiting >= self._most_waiting:
                raise BusyError(
                    "too many pictures wait to be drawn: ask again in a moment", retry_after=_RETRY_SECONDS
                )
            self._waiting += 1
        try:
            yield
        finally:
            with self._lock:
                self._waiting -= 1


class ViewCache:
    """The pictures of inspections as a browser gets them.

    Attributes:
        large: The lane of what takes long; small copies do not wait for it.
    """

    def __init__(self, folder: Path, *, max_pixels: int) -> None:
        """Begin with nothing made.

        Args:
            folder: Where to keep what was made; its content is removed.
            max_pixels: As the pictures were read with.
        """
        self._max_pixels = max_pixels
        self._small = RenderQueue(folder / "small", most_waiting=256)
        self.large = RenderQueue(folder / "large", most_waiting=32)

    @staticmethod
    def name(row: InspectionRow, side: int | None) -> str:
        """Name the copy of a picture, by which a browser knows that it has it.

        Args:
            row: The inspection.
            side: The longest side that is wanted; None for the picture's own.
        """
        return ViewCache.name_of(row.key, max(row.height, row.width), side)

    @staticmethod
    def name_of(key: str, longest: int, side: int | None) -> str:
        """Name the copy of a picture by its key and its longest side; see `name`."""
        wanted = longest if side is None else min(side, longest)
        return f"{key}.{next((each for each in COPY_SIDES_PIXELS if each >= wanted), 'full')}"

    async def picture(self, row: InspectionRow, path: Path, side: int | None) -> BinaryIO:
        """Give a picture, JPEG or PNG, whose longest side is the first of `COPY_SIDES_PIXELS` that is enough.

        Args:
            row: The inspection.
            path: The file as it came.
            side: As for `name`.
        """
        return await self.file(self.name(row, side), path)

    async def file(self, name: str, path: Path) -> BinaryIO:
        """Give the copy of a picture by its name, of `name_of`."""
        kind = name.rpartition(".")[2]
        lane, most = (self.large, None) if kind == "full" else (self._small, int(kind))
        return await lane.get(name, functools.partial(shown, path, max_pixels=self._max_pixels, side=most))

    async def overlay(self, row: InspectionRow, path: Path, anomaly_map: Callable[[], bytes]) -> BinaryIO:
        """Give the picture with its heat map and a box around each region, PNG."""

        def draw() -> bytes:
            pixels = read_image(path, max_pixels=self._max_pixels)
            scale = row.heat_low, row.heat_high
            return overlay_png(pixels, anomaly_map(), scale, row.regions, whole_image=row.whole_image)

        return await self.large.get(f"{row.key}.overlay", draw)

    def drop(self, keys: Iterable[str]) -> None:
        """Remove what was made of pictures that are not kept any more."""
        for key in keys:
            for lane in (self._small, self.large):
                lane.drop(f"{key}.{kind}" for kind in (*COPY_SIDES_PIXELS, "full", "overlay"))

    def close(self) -> None:
        """Make no more."""
        self._small.close()
        self.large.close()
