"""fleet.html: every product with its figures, and what needs a person; it opens from the disk."""

import base64
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean
from urllib.parse import quote

from PIL import Image

from flawflow import __version__
from flawflow.fleet.attention import attention
from flawflow.fleet.record import KeptSuspect, ProductRecord, model_file
from flawflow.fleet.status import Status
from flawflow.metrics import Evaluation
from flawflow.model_file.card import Card
from flawflow.report.html import render
from flawflow.report.measures import figure
from flawflow.report.page import facts_of
from flawflow.report.suspects import suspects_folder
from flawflow.report.wording import counted, duration, percent, promise
from flawflow.results.record import readable
from flawflow.storage.files import write_whole

NAME = "fleet.html"

_THUMBS = 3
_THUMB_PIXELS = 192
_COLUMNS = (
    "product", "good pictures", "NG above", "expected", "guaranteed", "image AUROC", "pixel AUROC", "AUPRO",
    "recall", "false rejects", "suspects", "MB", "trained in",
)  # fmt: skip


def write_page(statuses: Sequence[Status], folder: Path) -> Path:
    """Write the page of all products of a plan beside their models, whole or not at all.

    Returns:
        Its path.
    """
    page = folder / NAME
    write_whole(page, readable(render_fleet(statuses, folder)))
    return page


def render_fleet(statuses: Sequence[Status], folder: Path) -> str:
    """Render the page; all that comes from files is escaped in it."""
    ready = [status for status in statuses if status.record is not None]
    failed = sum(bool(status.error) for status in statuses)
    needs = [(status, sentences) for status in statuses if (sentences := attention(status))]
    return render(
        "fleet.html",
        title=f"{counted(len(statuses), 'product')}, {counted(len(ready), 'model')}",
        tiles=[
            {"kind": "ok", "number": f"{len(ready):,}", "label": "models ready"},
            {"kind": "review", "number": f"{len(needs):,}", "label": "need a person"},
            {"kind": "ng", "number": f"{failed:,}", "label": "failed"},
            {"kind": "bad", "number": f"{len(statuses) - len(ready):,}", "label": "without a model"},
            {
                "kind": "",
                "number": f"{sum(_record(one).image_count for one in ready):,}",
                "label": "good pictures",
            },
        ],
        # What failed comes first.
        needs=[
            _need(status, sentences, folder)
            for status, sentences in sorted(needs, key=lambda need: not need[0].error)
        ],
        columns=_COLUMNS,
        rows=[_row(status, folder) for status in ready] + _mean_row(ready),
        few=[sentence for status in ready if (sentence := _few(status))],
        products=[_details(status) for status in ready],
        version=__version__,
        time=f"{datetime.now(UTC):%Y-%m-%d %H:%M}",
    )


def _record(status: Status) -> ProductRecord:
    assert status.record is not None
    return status.record


def _card(status: Status) -> Card:
    assert status.card is not None, "a record stands for a model that could be read"
    return status.card


def _need(status: Status, sentences: Sequence[str], folder: Path) -> dict[str, object]:
    record = status.record
    shown = [] if record is None else _thumbs(record, folder)
    left = 0 if record is None else len(record.suspects) - len(shown)
    return {
        "name": status.product.name,
        "failed": bool(status.error),
        "sentences": sentences,
        "thumbs": shown,
        "more": f"and {left:,} more in {suspects_folder(model_file(Path(), status.product.name))}"
        if left
        else "",
    }


def _thumbs(record: ProductRecord, folder: Path) -> list[dict[str, str]]:
    """The most unusual suspects, small; what cannot be read any more is left out."""
    place = suspects_folder(model_file(folder, record.product))
    drawn = ((suspect, _thumb(place, suspect)) for suspect in record.suspects[:_THUMBS])
    return [
        {
            "href": quote(f"{place.name}/{suspect.overlay}"),
            "reason": suspect.reason,
            "path": suspect.path,
            "content": content,
        }
        for suspect, content in drawn
        if content
    ]


def _thumb(place: Path, suspect: KeptSuspect) -> str:
    if suspect.overlay is None:
        return ""
    try:
        with Image.open(place / suspect.overlay) as image:
            image.thumbnail((_THUMB_PIXELS * 2, _THUMB_PIXELS))
            content = io.BytesIO()
            image.convert("RGB").save(content, "JPEG", quality=85)
    except (OSError, ValueError):
        return ""
    return base64.b64encode(content.getvalue()).decode()


def _row(status: Status, folder: Path) -> dict[str, object]:
    record, card = _record(status), _card(status)
    threshold = card.calibration.threshold()
    file = model_file(folder, status.product.name)
    return {
        "name": status.product.name,
        "href": quote(file.name),
        "mean": False,
        "cells": [
            f"{record.image_count:,}",
            f"{threshold.score:.4g}",
            percent(threshold.expected_rate),
            f"≤ {percent(threshold.guaranteed_rate)}",
            *_measured(_evaluation(status)),
            f"{len(record.suspects):,}",
            f"{file.stat().st_size / 1e6:.1f}",
            duration(record.seconds),
        ],
    }


def _evaluation(status: Status) -> Evaluation | None:
    measures = _record(status).measures
    return None if measures is None else measures.evaluation


def _shares(evaluation: Evaluation) -> list[float | None]:
    at = evaluation.at_threshold
    return [
        evaluation.image_auroc,
        evaluation.pixel_auroc,
        evaluation.aupro,
        None if at is None else at.recall,
        None if at is None else at.false_reject_rate,
    ]


def _measured(evaluation: Evaluation | None) -> list[str]:
    if evaluation is None:
        return ["-"] * 5
    low, high = evaluation.image_auroc_interval
    image_auroc, *others = map(figure, _shares(evaluation))
    return [f"{image_auroc} ({figure(low)} to {figure(high)})", *others]


def _mean_row(ready: Sequence[Status]) -> list[dict[str, object]]:
    """The mean over the products that were measured, each as much as any other."""
    found = [evaluation for status in ready if (evaluation := _evaluation(status)) is not None]
    if len(found) < 2:
        return []
    shares = zip(*map(_shares, found), strict=True)
    known = [[share for share in column if share is not None] for column in shares]
    means = [figure(mean(column) if column else None) for column in known]
    name = f"mean of {len(found):,} measured"
    return [{"name": name, "href": "", "mean": True, "cells": ["", "", "", "", *means, "", "", ""]}]


def _few(status: Status) -> str:
    calibration = _card(status).calibration
    threshold = calibration.threshold()
    if threshold.keeps_rate:
        return ""
    return f"{status.product.name}: {calibration.needed():,}, and there are {threshold.pictures:,}"


def _details(status: Status) -> dict[str, object]:
    record, card = _record(status), _card(status)
    facts = [
        ("Pictures", record.source),
        *facts_of(card),
        ("Promise", promise(card.calibration)),
        ("Machine", record.machine),
        ("Model file", f"SHA-256 {record.model_sha256} when trained"),
    ]
    evaluation = _evaluation(status)
    more = () if evaluation is None else (*evaluation.left_out, *evaluation.notes)
    return {"name": status.product.name, "facts": facts, "notes": [*record.notes, *record.left_out, *more]}
