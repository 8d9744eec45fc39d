"""What a training found out about its pictures: a file beside the model."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flawflow.errors import one_line
from flawflow.results.record import readable
from flawflow.storage.files import beside, write_whole
from flawflow.typed import FieldError, completed, parse

if TYPE_CHECKING:
    from flawflow.training.train import TrainingResult


@dataclass(frozen=True)
class SuspectReport:
    """A training picture that may be defective.

    Attributes:
        file: The picture's name.
        score: How unlike the others it is.
        limit: What 1 good picture in 100 exceeds.
        place: (x, y) of the most unusual place, in its own pixels.
    """

    file: str
    score: float
    limit: float
    place: tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class TrainingReport:
    """What a person should know of the pictures that a model was trained on.

    Attributes:
        count: Pictures that could be read.
        suspects: Those that may be defective, the most unusual first.
        copies: Names of those that were left out as copies, each with that of the one that counts.
        failures: Names of those that could not be read, each with the sentence that says why.
        notes: Sentences about them.
    """

    count: int
    suspects: tuple[SuspectReport, ...]
    copies: tuple[tuple[str, str], ...]
    failures: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


def report_of(result: "TrainingResult") -> TrainingReport:
    """Give what a training found."""
    return TrainingReport(
        count=result.image_count,
        suspects=tuple(
            SuspectReport(each.path.name, each.score, each.limit, each.place) for each in result.suspects
        ),
        copies=tuple((path.name, of.name) for path, of in result.copies),
        failures=tuple((path.name, one_line(readable(why))) for path, why in result.failures),
        notes=tuple(one_line(readable(note)) for note in result.notes),
    )


def report_path(model: Path) -> Path:
    """Where the report of a model file stands."""
    return beside(model, ".report.json")


def write_report(model: Path, report: TrainingReport) -> None:
    """Write the report of a model file."""
    write_whole(report_path(model), json.dumps(asdict(report), indent=1))


def read_report(model: Path) -> TrainingReport | None:
    """Read the report of a model file; None where there is none, as after a crash between the two."""
    try:
        values = json.loads(report_path(model).read_text("utf-8"))
        report = parse(TrainingReport, completed(TrainingReport, values))
    except (OSError, ValueError, FieldError):
        return None
    assert isinstance(report, TrainingReport)
    return report
