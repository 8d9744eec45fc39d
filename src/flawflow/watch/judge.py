"""What a record says about a picture, by a model file."""

from pathlib import Path
from typing import Any

from flawflow.errors import PictureError
from flawflow.inspect.inspector import Inspector
from flawflow.report.results import readable, to_record


class Judge:
    """Examines pictures for a `Watcher` with one model. Safe to use from several threads."""

    def __init__(self, inspector: Inspector, model: Path) -> None:
        """Name the model.

        Args:
            inspector: Judges; its own digest is recorded, since the file may be replaced at any time.
            model: The file that it was loaded from.
        """
        self._inspector = inspector
        self._about = {"model": readable(model.name), "model_sha256": inspector.sha256}

    def __call__(self, path: str, content: bytes) -> dict[str, Any]:
        """Judge a picture by its content.

        Raises:
            PictureError: It cannot be decoded; the sentence names `path`.
        """
        try:
            inspection = self._inspector.inspect(content)
        except PictureError as error:
            raise PictureError(str(error).replace("The picture in the given bytes", path, 1)) from None
        return {**to_record(inspection), **self._about}
