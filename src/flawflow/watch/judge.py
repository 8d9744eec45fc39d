"""What a record says about a picture, by a model file."""

import hashlib
from pathlib import Path
from typing import Any

from flawflow.errors import PictureError
from flawflow.inspect.inspector import Inspector
from flawflow.report.results import to_record


class Judge:
    """Examines pictures for a `Watcher` with one model. Safe to use from several threads."""

    def __init__(self, inspector: Inspector, model: Path) -> None:
        self._inspector = inspector
        self._about = {"model": model.name, "model_sha256": hashlib.sha256(model.read_bytes()).hexdigest()}

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
