"""Which pictures the report page shows, and their thumbnails, in bounded memory."""

import heapq
import io
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from flawflow.inspect.inspection import Inspection
from flawflow.judge.regions import Region
from flawflow.picture import resize_map, resize_picture
from flawflow.report.heat import overlay

_SIDE = 288
_QUALITY = 78
_MOST_ANOMALOUS = 160
_SAMPLE = 40
# Together with base64's third this leaves a page of 1,000 pictures well below 15 MB.
_BYTES = 9_000_000


@dataclass(frozen=True)
class Exhibit:
    """One picture on the page.

    Attributes:
        record: Its record, as in results.jsonl.
        picture: JPEG of the picture, reduced.
        overlay: JPEG of the same size with heat and boxes.
    """

    record: dict[str, Any]
    picture: bytes
    overlay: bytes

    @property
    def score(self) -> float:
        """The image score."""
        return float(self.record["score"])


class Gallery:
    """Keeps the most anomalous pictures and an even sample of the rest, whatever the number of pictures.

    The sample is a reservoir (Vitter's algorithm R) with a fixed seed, so the same run shows the same.
    """

    def __init__(self) -> None:
        self._worst: list[tuple[float, int, Exhibit]] = []
        self._sample: list[Exhibit] = []
        self._seen = 0
        self._random = random.Random(0)

    def offer(
        self,
        inspection: Inspection,
        picture: NDArray[np.uint8],
        record: dict[str, Any],
        scale: tuple[float, float],
    ) -> None:
        """Take a picture in when it is among the worst so far, or when it is drawn for the sample."""
        self._seen += 1
        among_worst = len(self._worst) < _MOST_ANOMALOUS or inspection.score > self._worst[0][0]
        # A picture that the worst push out later has had its draw like any other.
        seat = self._random.randrange(self._seen)
        if not among_worst and seat >= _SAMPLE:
            return
        exhibit = exhibit_of(inspection, picture, record, scale)
        if seat < _SAMPLE:
            self._take_seat(seat, exhibit)
        if among_worst:
            # Of equal scores the earlier picture stays: its negated number is the larger one.
            heapq.heappush(self._worst, (inspection.score, -self._seen, exhibit))
            if len(self._worst) > _MOST_ANOMALOUS:
                heapq.heappop(self._worst)

    def exhibits(self) -> list[Exhibit]:
        """Give what the page shows, by falling score, within the page's size."""
        worst = [entry[2] for entry in sorted(self._worst, reverse=True)]
        shown, used = [], 0
        for exhibit in _interleaved(worst, self._sample):
            used += len(exhibit.picture) + len(exhibit.overlay)
            if used > _BYTES:
                break
            shown.append(exhibit)
        return sorted(shown, key=lambda exhibit: -exhibit.score)

    def _take_seat(self, seat: int, exhibit: Exhibit) -> None:
        if len(self._sample) < _SAMPLE:
            self._sample.append(exhibit)
        else:
            self._sample[seat] = exhibit


def _interleaved(worst: list[Exhibit], sample: list[Exhibit]) -> Iterator[Exhibit]:
    """Give four of the worst and one of the sample in turn, each exhibit once: both survive a cut."""
    turn = max(_MOST_ANOMALOUS // _SAMPLE, 1)
    given: set[int] = set()
    for start in range(max(len(worst), len(sample))):
        group = worst[turn * start : turn * (start + 1)] + sample[start : start + 1]
        for exhibit in group:
            if id(exhibit) not in given:
                given.add(id(exhibit))
                yield exhibit


def exhibit_of(
    inspection: Inspection, picture: NDArray[np.uint8], record: dict[str, Any], scale: tuple[float, float]
) -> Exhibit:
    """Make the exhibit of a picture: reduce first and draw then, so that boxes stay sharp lines."""
    height, width = picture.shape[:2]
    factor = min(_SIDE / max(height, width), 1.0)
    size = max(round(height * factor), 1), max(round(width * factor), 1)
    small = resize_picture(picture, size)
    regions = [_scaled(region, size[1] / width, size[0] / height) for region in inspection.regions]
    drawn = overlay(small, resize_map(inspection.graph_map, size), scale, regions)
    return Exhibit(record, _jpeg(small), _jpeg(drawn))


def _scaled(region: Region, across: float, down: float) -> Region:
    left, top, right, bottom = region.box
    box = (int(left * across), int(top * down), int(right * across) + 1, int(bottom * down) + 1)
    return replace(region, box=box)


def _jpeg(picture: NDArray[np.uint8]) -> bytes:
    content = io.BytesIO()
    Image.fromarray(picture).save(content, "JPEG", quality=_QUALITY, optimize=True)
    return content.getvalue()
