"""Which pictures the report page shows, and their thumbnails, in bounded memory."""

import hashlib
import heapq
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from flawflow.decision.regions import Region
from flawflow.images import resize_image, resize_map
from flawflow.inspection.inspection import Inspection
from flawflow.report.explanation import Pane, panes_of
from flawflow.report.heatmap import overlay
from flawflow.results.record import Record

_SIDE_PIXELS = 288
_JPEG_QUALITY = 78
_MOST_ANOMALOUS_IMAGES = 160
_SAMPLE_IMAGES = 40
# Together with base64's third this leaves a page of 1,000 pictures well below 15 MB.
_MAX_BYTES = 9_000_000


@dataclass(frozen=True)
class Exhibit:
    """One picture on the page.

    Attributes:
        record: Its record.
        picture: JPEG of the picture, reduced.
        overlay: JPEG of the same size with heat and boxes.
        explained: What good looks like, of each region that is explained.
    """

    record: Record
    picture: bytes
    overlay: bytes
    explained: tuple[tuple[Pane, ...], ...] = ()

    @property
    def size(self) -> int:
        """The bytes of its pictures."""
        panes = sum(len(pane.jpeg) for region in self.explained for pane in region)
        return len(self.picture) + len(self.overlay) + panes

    @property
    def score(self) -> float:
        """The image score."""
        assert self.record.score is not None, "only inspected pictures are shown"
        return self.record.score


class Gallery:
    """Keeps the most anomalous pictures and an even sample of all, whatever the number of pictures.

    The sample is drawn by a hash of the names, so the same pictures show the same, in whatever order.
    """

    def __init__(self) -> None:
        self._worst = _Largest(_MOST_ANOMALOUS_IMAGES)
        self._sample = _Largest(_SAMPLE_IMAGES)

    def wants(self, record: Record) -> bool:
        """Say whether an exhibit would be kept as things stand; one that would not, will not be later.

        Safe to call from any thread, so that exhibits that nobody will see are not made.
        """
        return record.score is not None and (
            self._worst.wants(record.score) or self._sample.wants(_draw(record))
        )

    def offer(self, exhibit: Exhibit) -> None:
        """Take an exhibit in when it is among the worst so far, or drawn for the sample."""
        self._worst.add(exhibit.score, exhibit)
        # A picture that the worst push out later has had its draw like any other.
        self._sample.add(_draw(exhibit.record), exhibit)

    def exhibits(self) -> list[Exhibit]:
        """Give what the page shows, by falling score, within the page's size."""
        shown, used = [], 0
        for exhibit in _interleaved(self._worst.exhibits(), self._sample.exhibits()):
            used += exhibit.size
            if used > _MAX_BYTES:
                break
            shown.append(exhibit)
        return sorted(shown, key=lambda exhibit: -exhibit.score)


class _Largest:
    """Keeps the exhibits with the largest keys; of equal keys the earlier one."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._added = 0
        self._heap: list[tuple[float, int, Exhibit]] = []

    def wants(self, key: float) -> bool:
        return len(self._heap) < self._count or key > self._heap[0][0]

    def add(self, key: float, exhibit: Exhibit) -> None:
        if not self.wants(key):
            return
        self._added += 1
        # Of equal keys the earlier exhibit stays: its negated number is the larger one.
        heapq.heappush(self._heap, (key, -self._added, exhibit))
        if len(self._heap) > self._count:
            heapq.heappop(self._heap)

    def exhibits(self) -> list[Exhibit]:
        """By falling key."""
        return [exhibit for _, _, exhibit in sorted(self._heap, reverse=True)]


def _draw(record: Record) -> float:
    """A number in [0, 1) that is as good as drawn, and the same in every run."""
    name = f"{record.path} {record.frame}".encode()
    return int.from_bytes(hashlib.blake2b(name, digest_size=6).digest(), "big") / 2**48


def _interleaved(worst: list[Exhibit], sample: list[Exhibit]) -> Iterator[Exhibit]:
    """Give four of the worst and one of the sample in turn, each exhibit once: both survive a cut."""
    turn = max(_MOST_ANOMALOUS_IMAGES // _SAMPLE_IMAGES, 1)
    given: set[int] = set()
    for start in range(max(len(worst), len(sample))):
        group = worst[turn * start : turn * (start + 1)] + sample[start : start + 1]
        for exhibit in group:
            if id(exhibit) not in given:
                given.add(id(exhibit))
                yield exhibit


def exhibit_of(
    inspection: Inspection, picture: NDArray[np.uint8], record: Record, scale: tuple[float, float]
) -> Exhibit:
    """Make the exhibit of a picture: reduce first and draw then, so that boxes stay sharp lines."""
    height, width = picture.shape[:2]
    factor = min(_SIDE_PIXELS / max(height, width), 1.0)
    size = max(round(height * factor), 1), max(round(width * factor), 1)
    small = resize_image(picture, size)
    regions = [_scaled(region, size[1] / width, size[0] / height) for region in inspection.regions]
    drawn = overlay(small, resize_map(inspection.graph_map, size), scale, regions)
    return Exhibit(record, _jpeg(small), _jpeg(drawn), panes_of(inspection))


def _scaled(region: Region, across: float, down: float) -> Region:
    left, top, right, bottom = region.box
    box = (int(left * across), int(top * down), int(right * across) + 1, int(bottom * down) + 1)
    return replace(region, box=box)


def _jpeg(picture: NDArray[np.uint8]) -> bytes:
    content = io.BytesIO()
    Image.fromarray(picture).save(content, "JPEG", quality=_JPEG_QUALITY, optimize=True)
    return content.getvalue()
