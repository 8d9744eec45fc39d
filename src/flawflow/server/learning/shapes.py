"""Drafts as they are sent."""

from collections import Counter
from collections.abc import Sequence
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
            "copies": len(copies_of(good, draft.learned)),
            "sizes": [{"height": h, "width": w, "count": count} for (h, w), count in sizes],
            "content": folder.content(draft),
            "has_roi": folder.roi.is_file(),
            "intake": None if draft.intake is None else _intake(draft.intake),
            "job": None if job is None else job.to_json(),
            "learned": _learned(draft, folder),
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
        good = [picture for picture in draft.pictures if picture.file not in left_out]
        copies = copies_of(good, draft.learned)
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


def copies_of(pictures: Sequence[DraftPicture], learned: Learned | None) -> dict[str, str]:
    """Give the files that are copies of one that came before, each with the first one that it is like.

    Args:
        pictures: In the order in which they came.
        learned: Knows of those that are nearly alike; others have the same pixels.
    """
    groups = {picture.file: {picture.file} for picture in pictures}
    alike: dict[tuple[int, int, str], str] = {}
    pairs = [
        (picture.file, alike.setdefault((picture.height, picture.width, picture.pixels), picture.file))
        for picture in pictures
    ]
    if learned is not None and learned.report is not None:
        pairs += learned.report.copies
    for one, other in pairs:
        if one in groups and other in groups:
            joined = groups[one] | groups[other]
            groups |= dict.fromkeys(joined, joined)
    order = {picture.file: number for number, picture in enumerate(pictures)}
    first = {file: min(group, key=order.__getitem__) for file, group in groups.items()}
    return {file: original for file, original in first.items() if file != original}


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


def _learned(draft: Draft, folder: DraftFolder) -> dict[str, Any] | None:
    learned = draft.learned
    if learned is None:
        return None
    report = learned.report

    def said(sentence: str) -> str:
        # As people called the pictures.
        for picture in draft.pictures:
            sentence = sentence.replace(str((folder.good / picture.file).absolute()), picture.name)
        return sentence

    return {
        "current": learned.of == folder.content(draft),
        "served": learned.is_served,
        "count": None if report is None else report.count,
        "suspects": 0 if report is None else len(report.suspects),
        "copies": 0 if report is None else len(report.copies),
        "failures": [] if report is None else [said(why) for _, why in report.failures],
        "notes": [] if report is None else [said(note) for note in report.notes],
    }


def _suspect(suspect: Any) -> dict[str, Any] | None:
    if suspect is None:
        return None
    return {"score": suspect.score, "limit": suspect.limit, "place": list(suspect.place)}
