"""report.html: one page that opens from the disk, without a server and without a network."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from flawflow.decision.drift import Drift
from flawflow.model_file.card import Card
from flawflow.report.explanation import TITLE
from flawflow.report.gallery import Exhibit
from flawflow.report.histogram import histogram_svg
from flawflow.report.html import drawn, render
from flawflow.report.summary import Summary
from flawflow.report.timeline import TIMELINE_STYLE
from flawflow.report.wording import (
    VERDICT_WORDS,
    WHOLE_IMAGE,
    counted,
    drift_sentences,
    duration,
    named,
    promise,
    rarity,
    roi_sentence,
    rule,
    tiles_sentence,
)

# A shape for each, so that colour is never needed to tell them apart.
_CHIPS = {"NG": "▲ NG", "REVIEW": "◆ REVIEW", "OK": "● OK"}


@dataclass(frozen=True)
class VideoExhibit:
    """One video on the page.

    Attributes:
        path: The file.
        overlay: Where its overlay video is, relative to the page.
        timeline: An `<svg>` element of `timeline.timeline_svg`.
    """

    path: str
    overlay: str
    timeline: str


def render_page(
    summary: Summary,
    card: Card,
    exhibits: Sequence[Exhibit],
    drift: Drift,
    videos: Sequence[VideoExhibit] = (),
) -> str:
    """Render the report page.

    Args:
        summary: The numbers of the inspection.
        card: The model's card.
        exhibits: The pictures to show, in this order.
        drift: What is known of a change of camera or light.
        videos: The videos whose timelines to show.

    Returns:
        A whole HTML document; all that comes from files is escaped in it.
    """
    low, high = card.colormap_range
    return render(
        "page.html",
        model=summary.model,
        tiles=_tiles(summary),
        promise=promise(card.calibration),
        histogram=_histogram(summary, card),
        facts=facts_of(card),
        drift=_drift(drift),
        heat_low=f"{low:.4g}",
        heat_high=f"{high:.4g}",
        shown={verdict: sum(e.record.verdict == verdict for e in exhibits) for verdict in _CHIPS},
        selection=_selection(summary, len(exhibits)),
        exhibits=[figure_of(exhibit, card) for exhibit in exhibits],
        failures=_failures(summary),
        videos=[
            {"path": video.path, "timeline": drawn(video.timeline), "href": quote(video.overlay)}
            for video in videos
        ],
        timeline_style=drawn(TIMELINE_STYLE.strip()) if videos else "",
        version=card.flawflow_version,
    )


def _tiles(summary: Summary) -> list[dict[str, str]]:
    verdicts = (("NG", summary.ng), ("REVIEW", summary.review), ("OK", summary.ok))
    tiles = (
        ("", summary.inspected, "inspected"),
        *((name.lower(), count, f"{_CHIPS[name]}: {VERDICT_WORDS[name]}") for name, count in verdicts),
        ("bad" if summary.unreadable else "", summary.unreadable, "could not be read"),
    )
    return [{"kind": kind, "number": f"{count:,}", "label": label} for kind, count, label in tiles]


def _histogram(summary: Summary, card: Card) -> str:
    if not summary.scores:
        return ""
    calibration = card.calibration
    return drawn(
        histogram_svg(
            summary.scores,
            ng=calibration.threshold().score,
            review=calibration.review_threshold().score,
            known=calibration.all_scores,
        )
    )


def facts_of(card: Card) -> list[tuple[str, str]]:
    """What the model's card says, as names and values."""
    encoder, training = card.encoder, card.training
    return [
        ("Trained on", f"{counted(training.image_count, 'good picture')} of {training.dataset}"),
        (
            "Trained at",
            f"{datetime.fromisoformat(card.created):%Y-%m-%d %H:%M} UTC, in {duration(training.seconds)}",
        ),
        ("Input", f"{card.size[1]} × {card.size[0]} pixels (width × height)"),
        *([] if card.tiles is None else [("Tiles", tiles_sentence(card.tiles))]),
        ("Looks at", roi_sentence(card)),
        ("Detector", f"{card.detector}, preset {card.preset}, seed {training.seed}"),
        ("Encoder", f"{encoder.name}, weights {encoder.weights} (licence: {encoder.weights_licence})"),
        ("Verdict", rule(card.calibration)),
        (
            "Region",
            f"where the anomaly map is above {card.calibration.pixel_threshold:.4g}; "
            "of NG and REVIEW at least the highest place",
        ),
    ]


def _drift(drift: Drift) -> dict[str, object]:
    first, *more = drift_sentences(drift)
    return {"first": first, "more": more, "alarm": bool(drift.findings or drift.hint)}


def _selection(summary: Summary, shown: int) -> str:
    if shown >= summary.inspected:
        return "All inspected pictures, by falling score."
    return (
        f"{shown:,} of {summary.inspected:,} pictures: the most anomalous ones and an even sample of the "
        "others, by falling score. results.csv, results.jsonl and the folder overlays have all of them."
    )


def figure_of(exhibit: Exhibit, card: Card) -> dict[str, object]:
    """What the page says of one picture."""
    record = exhibit.record
    # A browser opens an overlay video at the frame.
    moment = "" if record.seconds is None else f"#t={record.seconds:.3f}"
    return {
        "verdict": record.verdict or "",
        "chip": _CHIPS[record.verdict or ""],
        "path": record.path or "",
        "href": "" if record.overlay is None else quote(record.overlay) + moment,
        "picture": base64.b64encode(exhibit.picture).decode(),
        "overlay": base64.b64encode(exhibit.overlay).decode(),
        "score": f"{exhibit.score:.4g}",
        "whole_image": WHOLE_IMAGE if record.whole_image else "",
        "regions": counted(len(record.regions or ()), "region"),
        "rarity": rarity(record.p_value or 0.0, len(card.calibration.all_scores)),
        "name": named(record),
        "explained": exhibit.explained,
        "explanation": TITLE,
    }


def _failures(summary: Summary) -> dict[str, object] | None:
    if not summary.unreadable:
        return None
    left = summary.unreadable - len(summary.failures)
    return {
        "title": counted(summary.unreadable, "picture"),
        # Most sentences name their file already.
        "sentences": [error if path in error else f"{path}: {error}" for path, error in summary.failures],
        "left": f"{left:,}" if left else "",
    }
