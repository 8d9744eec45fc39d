"""The errors a person may meet.

Every message is one sentence that names the file or value at fault and the way out.
The command line prints it as it is and ends with a non-zero exit code.
"""

import errno
from collections.abc import Iterable

from flawflow.renamed import renamed_names

# The longest path that Linux opens (4,096 bytes), twice.
_MAX_MESSAGE_CHARACTERS = 8192

_NO_SPACE = "the disk is full; what was finished is kept: free some space and run the command again"
_NO_RIGHT = "no right to write or read here: choose another place, or change its permissions"
_WAYS_OUT = {
    errno.ENOSPC: _NO_SPACE,
    errno.EDQUOT: _NO_SPACE,
    errno.EFBIG: "the file would be larger than this file system or user may have: choose another place",
    errno.EROFS: "the file system is read-only: choose another place",
    errno.EACCES: _NO_RIGHT,
    errno.EPERM: _NO_RIGHT,
}


def one_line(text: str) -> str:
    r"""Give text as one line for any terminal: names may hold line ends, control codes and stray bytes.

    >>> one_line("lot\n7/\x1b[2J.png")
    'lot\\n7/\\x1b[2J.png'
    """
    if len(text) > _MAX_MESSAGE_CHARACTERS:
        text = f"{text[: _MAX_MESSAGE_CHARACTERS // 2]} … {text[-_MAX_MESSAGE_CHARACTERS // 2 :]}"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def did_you_mean(name: str, known: Iterable[str], otherwise: str, *, most: int = 3) -> str:
    """Ask for the known names that are nearest; give another hint where none is near.

    >>> did_you_mean("loca", ("local", "ray"), "choose one of local, ray.")
    'did you mean local?'
    """
    import difflib

    close = difflib.get_close_matches(name, list(known), n=most)
    return f"did you mean {' or '.join(close)}?" if close else otherwise


def of_system(error: OSError) -> str:
    """Say what the system refused, where, and the way out."""
    place = f"{error.filename}: " if error.filename else ""
    if "://" in place:
        # No file system: only the store knows why.
        return f"{place}{error.strerror}: check the address, and your rights there"
    return f"{place}{_WAYS_OUT.get(error.errno or 0, error.strerror or str(error))}"


class FlawflowError(Exception):
    """The base of every error that flawflow raises on purpose.

    Its message is one printable line, whatever the names in it.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(one_line(sentence))


class ImageError(FlawflowError):
    """A picture that cannot be read, or is too large to be read safely."""


class ImageTooLargeError(ImageError):
    """A picture of more pixels, or one that needs more memory to decode, than the limit allows."""


class DatasetError(FlawflowError):
    """A folder, manifest or selection of pictures that cannot serve its purpose."""


class ModelFileError(FlawflowError):
    """A model file that is damaged, foreign or made by a newer flawflow."""


class EngineError(FlawflowError):
    """An engine that is not installed."""


class ExportError(FlawflowError):
    """An export that cannot be made, or whose result judges otherwise than the model it came from."""


class MetricError(FlawflowError):
    """A measurement that the data cannot give (a class is missing, shapes differ)."""


class WeightsError(FlawflowError):
    """Encoder weights that are missing, unreachable or do not fit."""


class TrainingError(FlawflowError):
    """A training that cannot start, go on or resume as asked."""


class SinkError(FlawflowError):
    """A place where results cannot be delivered."""


class StorageError(FlawflowError):
    """A URL that cannot be used here, or not for this."""


class RecipeError(TrainingError, ValueError):
    """A recipe that cannot be: a name that is not there, or a value out of its range."""


class ExecutorError(FlawflowError):
    """A place where jobs cannot run as asked."""


class FleetError(FlawflowError):
    """A plan of many products that cannot be carried out as it is."""


class WatchError(FlawflowError):
    """A folder that cannot be watched."""


__getattr__ = renamed_names(
    __name__, {"PictureError": "ImageError", "PictureTooLargeError": "ImageTooLargeError"}
)
