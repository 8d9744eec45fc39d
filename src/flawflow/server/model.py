"""A model of a station: loaded, and judging at the rates that were set."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from flawflow.decision.calibration import Calibration
from flawflow.inspection.inspector import Inspector
from flawflow.model_file import read_model
from flawflow.model_file.card import Card


@dataclass(frozen=True, kw_only=True)
class Model:
    """A loaded model.

    Attributes:
        name: Its name in this station.
        version: 0 for the file that the station was started with, else a later version.
        sha256: Hex digest of its file.
        card: What its file says.
        inspector: Judges at the rates that were set in this station.
        loaded: When it was loaded.
        problem: Why a newer file was not taken; None where all is well.
    """

    name: str
    version: int
    sha256: str
    card: Card
    inspector: Inspector
    loaded: datetime
    problem: str | None = None

    @property
    def calibration(self) -> Calibration:
        """By what it judges here."""
        return self.inspector.card.calibration


def load_model(
    path: Path, *, name: str, version: int, rates: tuple[float, float] | None, engine: str, threads: int
) -> Model:
    """Load a model.

    Args:
        path: Its file.
        name: Its name in this station.
        version: Which version the file is.
        rates: The false reject rate and the review rate that were set here; None for the file's own.
        engine: What runs it; of `flawflow.runtime.engines`.
        threads: CPU threads for one picture.

    Raises:
        ModelFileError: The file is not a model.
    """
    content = read_model(path)
    inspector = Inspector.of(content, engine=engine, threads=threads)
    if rates is not None:
        reject, review = rates
        calibration = content.card.calibration.with_rates(false_reject_rate=reject, review_rate=review)
        inspector = inspector.with_calibration(calibration)
    return Model(
        name=name,
        version=version,
        sha256=content.sha256,
        card=content.card,
        inspector=inspector,
        loaded=datetime.now(UTC),
    )
