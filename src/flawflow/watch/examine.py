"""What a record says about a picture, by a model file."""

from dataclasses import replace
from pathlib import Path

from flawflow.errors import ImageError
from flawflow.images.read import naming
from flawflow.inspection.inspector import Inspector
from flawflow.results.record import Record, record_of
from flawflow.results.sinks.contract import Result
from flawflow.results.sinks.overlays import Overlays


class ImageExaminer:
    """Examines pictures for a `Watcher` with one model. Safe to use from several threads."""

    def __init__(self, inspector: Inspector, model: Path, overlays: Overlays | None = None) -> None:
        """Name the model.

        Args:
            inspector: Judges; its own digest is recorded, since the file may be replaced at any time.
            model: The file that it was loaded from.
            overlays: Where pictures with their heat maps go, if they are wanted: they are there before the
                record that names them. One that cannot be written is not named.
        """
        self._inspector, self._name, self._overlays = inspector, model.name, overlays

    def __call__(self, path: str, content: bytes, sha256: str) -> Record:
        """Judge a picture by its content.

        Raises:
            ImageError: It cannot be decoded; the sentence names `path`.
        """
        try:
            inspection, picture = self._inspector.inspect_with_image(content)
        except ImageError as error:
            raise ImageError(naming(error, path)) from None
        record = replace(
            record_of(inspection), model=self._name, model_sha256=self._inspector.sha256, sha256=sha256
        )
        if self._overlays is None:
            return record
        result = self._overlays.prepare(Result(record, path, inspection), picture)
        try:
            self._overlays.deliver([result])
        except OSError:
            # A disk that is full or a name that it does not take must not hold up the verdict.
            return record
        return result.record
