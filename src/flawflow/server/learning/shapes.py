"""Drafts as they are sent."""

from collections import Counter
from pathlib import Path
from typing import Any

from flawflow.errors import FlawflowError
from flawflow.server.calibration_schemas import calibration_json
from flawflow.server.learning.draft import Draft, DraftPicture, Intake, Learned
from flawflow.server.learning.draft_folder import DraftFolder
from flawflow.server.learning.drafts import Drafts
from flawflow.server.learning.learner import Learner
from flawflow.server.retraining.jobs import Jobs
from flawflow.server.station import Station
from flawflow.storage.urls import shown_url


class Shapes:
    """Makes `DraftOut` and what belongs to it, ready for JSON."""

    def __init__(self, station: Station, drafts: Drafts, learner: Learner, jobs: Jobs) -> None:
        """Take all that knows something of a draft."""
        self._station, self._drafts, self._learner, self._jobs = station, drafts, learner, jobs

    def draft(self, name: str) -> dict[str, Any]:
        """Give a `DraftOut`."""
        draft, folder = self._drafts.get(name), self._drafts.folder(name)
        left_out = folder.names_left_out()
        good = [picture for picture in draft.pictures if picture.file not in left_out]
        sizes = Counter((picture.height, picture.width) for picture in good).most_common()
        job, own = self._jobs.newest("learn", name), self._station.registry.own_path(name)
        return {
            "name": name,
            "created": draft.created,
            "preset": draft.preset,
            "settings": list(draft.settings),
            "count": len(good),
            "left_out": len(draft.pictures) - len(good),
            "bytes": sum(picture.size for picture in draft.pictures),
            "copies": len(_copies(good)),
            "sizes": [{"height": h, "width": w, "count": count} for (h, w), count in sizes],
            "content": folder.content(draft),
            "has_roi": folder.roi.is_file(),
            "intake": None if draft.intake is None else _intake(draft.intake),
            "job": None if job is None else job.to_json(),
            "learned": _learned(draft.learned, folder.content(draft)),
            "served": self._station.registry.has(name),
            "command": self._command(draft),
            "put": str(own.absolute()),
        }

    def pictures(self, name: str) -> list[dict[str, Any]]:
        """Give a `PictureOut` for each picture, in the order in which they came."""
        draft, folder = self._drafts.get(name), self._drafts.folder(name)
        left_out = folder.names_left_out()
        report = None if draft.learned is None else draft.learned.report
        suspects = {} if report is None else {each.file: each for each in report.suspects}
        copies = {} if report is None else dict(report.copies)
        copies |= _copies([picture for picture in draft.pictures if picture.file not in left_out])
        return [
            {
                "id": picture.id,
                "name": picture.name,
                "height": picture.height,
                "width": picture.width,
                "size": picture.size,
                "left_out": picture.file in left_out,
                "copy_of": copies[picture.file].partition(".")[0] if picture.file in copies else None,
                "suspect": _suspect(suspects.get(picture.file)),
            }
            for picture in draft.pictures
        ]

    def model(self, name: str) -> dict[str, Any]:
        """Give a `LearnedModelOut`."""
        calibration = self._learner.calibration(name)
        return {
            "name": name,
            "calibration": calibration_json(calibration),
            "good": calibration.all_scores,
            "attainable": calibration.attainable(),
        }

    def _command(self, draft: Draft) -> str:
        try:
            return self._learner.plan(draft, Path(f"{draft.name}.flaw")).command()
        except FlawflowError:
            return ""


def first_good(draft: Draft, folder: DraftFolder) -> DraftPicture | None:
    """Give the first picture that is learned from; None where there is none."""
    left_out = folder.names_left_out()
    return next((picture for picture in draft.pictures if picture.file not in left_out), None)


def _copies(pictures: list[DraftPicture]) -> dict[str, str]:
    """The files whose pixels another one before has, each with that one."""
    first: dict[tuple[int, int, str], str] = {}
    found = {}
    for picture in pictures:
        key = picture.height, picture.width, picture.pixels
        if first.setdefault(key, picture.file) != picture.file:
            found[picture.file] = first[key]
    return found


def _intake(intake: Intake) -> dict[str, Any]:
    return {
        "kind": intake.kind,
        "address": "" if intake.kind == "upload" else shown_url(intake.address),
        "interval": intake.interval,
        "most": intake.most,
        "kept": intake.kept,
        "known": intake.known,
        "failed": intake.failed,
        "error": intake.error,
        "running": intake.running,
    }


def _learned(learned: Learned | None, content: str) -> dict[str, Any] | None:
    if learned is None:
        return None
    report = learned.report
    return {
        "current": learned.of == content,
        "served": learned.is_served,
        "count": None if report is None else report.count,
        "suspects": 0 if report is None else len(report.suspects),
        "copies": 0 if report is None else len(report.copies),
        "failures": [] if report is None else [why for _, why in report.failures],
        "notes": [] if report is None else list(report.notes),
    }


def _suspect(suspect: Any) -> dict[str, Any] | None:
    if suspect is None:
        return None
    return {"score": suspect.score, "limit": suspect.limit, "place": list(suspect.place)}
