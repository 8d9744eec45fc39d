"""What every sink is: where results go, one contract for `inspect`, `watch` and the station."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from flawflow.inspection.inspection import Inspection
from flawflow.model_file.card import Card
from flawflow.results.record import Record
from flawflow.results.sink_kinds import Verb

if TYPE_CHECKING:
    from flawflow.report.gallery import Exhibit


FileTransfer = Literal["copy", "move"]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What sinks are opened with.

    Attributes:
        verb: Who delivers: one inspection, or something that never ends.
        output: Where files are written.
        pictures: The folder that holds the pictures.
        place: How pictures get into the folders of their verdicts.
        model: The model's name.
        card: The model's card; None where nothing is drawn.
        overlay_paths: Where the overlay of each picture of an inspection goes, below `overlays`.
    """

    verb: Verb
    output: Path
    pictures: Path = Path()
    place: FileTransfer = "copy"
    model: str = ""
    card: Card | None = None
    overlay_paths: Mapping[Path, str] = field(default_factory=dict)


class DeliveryError(Exception):
    """A sink that cannot take a result now; it is tried again.

    Attributes:
        after: Seconds that the sink asks to be left alone; 0 where it does not.
    """

    def __init__(self, sentence: str, after: float = 0.0) -> None:
        super().__init__(sentence)
        self.after = after


class RefusedError(Exception):
    """A result that its sink will never take; it is set aside and the next ones go on."""


@dataclass(frozen=True, eq=False)
class RenderedOverlay:
    """A picture with its heat map, in memory.

    Attributes:
        name: Where it goes, relative to the results; as the file system spells it.
        content: An image file's content, or a video's frame, uint8 (H, W, 3) RGB.
    """

    name: str
    content: bytes | NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Result:
    """What came of one picture, on its way to the sinks.

    Attributes:
        record: What is said about the picture.
        file: Its path below the folder that holds the pictures, as the file system spells it; None where the
            picture is not a file, or is a frame of one.
        inspection: What the model says; None for a failure, and for a record that outlived its process.
        rendered: Made by the sink of overlays.
        exhibit: The picture on the report page, made by that sink.
    """

    record: Record
    file: str | None = None
    inspection: Inspection | None = None
    rendered: RenderedOverlay | None = None
    exhibit: "Exhibit | None" = None


class Sink:
    """Where results go.

    A new one is a file beside this one and a line in `flawflow.results.sink_kinds`. Opening writes nothing.

    Attributes:
        name: Under which a journal keeps what it has not got.
        at_once: How many results one delivery may hold.
    """

    name: str
    at_once: int = 1

    def start(self) -> None:
        """Begin, in the thread that delivers, before there is a result; only where something stays running.

        It does not wait for anybody: what fails is tried again by `deliver`.
        """

    def prepare(self, result: Result, picture: NDArray[np.uint8]) -> Result:
        """Make what `deliver` will need of the picture, in the thread that inspected it; write nothing.

        Args:
            result: Of an inspected picture.
            picture: uint8 (H, W, 3) RGB; it is let go afterwards.

        Returns:
            The result with what was made.
        """
        del picture
        return result

    def deliver(self, results: Sequence[Result]) -> None:
        """Take results, all or none, in order. After a crash the same ones may come again.

        Raises:
            DeliveryError: Not now.
            RefusedError: Never; only of a sink whose `at_once` is 1.
            OSError: Not now.
        """
        raise NotImplementedError

    def finish(self) -> None:
        """Write what sums up all results, after the last one; only where there is a last one."""

    def close(self) -> None:
        """Let go of connections and files, whatever happened."""
