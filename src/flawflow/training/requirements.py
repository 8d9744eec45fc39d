"""Whether what learning needs is installed; imports none of it."""

import importlib.util

from flawflow.errors import TrainingError

# The export's packages are asked for too: their lack must not show after the work is done.
_NEEDED = ("torch", "torchvision", "timm", "safetensors", "onnx", "onnxscript")


def require_training() -> None:
    """Say what is missing for learning, before any work.

    Raises:
        TrainingError: A package of the extra `train` is not installed.
    """
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise TrainingError(
            f"training needs {', '.join(missing)}, which is not installed: pip install 'flawflow[train]'"
        )
