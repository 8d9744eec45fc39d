"""The errors a person may meet.

Every message is one sentence that names the file or value at fault and the way out.
The command line prints it as it is and ends with a non-zero exit code.
"""


class FlawflowError(Exception):
    """The base of every error that flawflow raises on purpose."""


class PictureError(FlawflowError):
    """A picture that cannot be read, or is too large to be read safely."""


class DatasetError(FlawflowError):
    """A folder, manifest or selection of pictures that cannot serve its purpose."""


class ModelFileError(FlawflowError):
    """A model file that is damaged, foreign or made by a newer flawflow."""


class MetricError(FlawflowError):
    """A measurement that the data cannot give (a class is missing, shapes differ)."""


class WeightsError(FlawflowError):
    """Encoder weights that are missing, unreachable or do not fit."""


class TrainingError(FlawflowError):
    """A training that cannot start, go on or resume as asked."""
