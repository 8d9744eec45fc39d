"""report.html: one page that opens from the disk, without a server and without a network."""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from importlib.resources import files
from string import Template
from urllib.parse import quote

from flawflow.decision.drift import Drift
from flawflow.model_file.card import Card
from flawflow.report.gallery import Exhibit
from flawflow.report.heatmap import css_gradient
from flawflow.report.histogram import histogram_svg
from flawflow.report.summary import Summary
from flawflow.report.timeline import TIMELINE_STYLE
from flawflow.report.wording import (
    VERDICT_WORDS,
    counted,
    drift_sentences,
    duration,
    named,
    promise,
    rarity,
    roi_sentence,
    rule,
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
    template = Template(files(__package__).joinpath("page.html").read_text("utf-8"))
    shown = {verdict: sum(e.record.verdict == verdict for e in exhibits) for verdict in _CHIPS}
    low, high = card.colormap_range
    return template.substitute(
        model=escape(summary.model),
        tiles=_tiles(summary),
        promise=escape(promise(card.calibration)),
        histogram=_histogram(summary, card),
        facts=facts_of(card),
        drift=_drift(drift),
        gradient=css_gradient(),
        heat_low=f"{low:.4g}",
        heat_high=f"{high:.4g}",
        shown=len(exhibits),
        shown_ok=shown["OK"],
        shown_review=shown["REVIEW"],
        shown_ng=shown["NG"],
        selection=escape(_selection(summary, len(exhibits))),
        figures="".join(figure(exhibit, card) for exhibit in exhibits),
        failures=_failures(summary),
        videos="".join(map(_video, videos)),
        timeline_style=TIMELINE_STYLE.strip() if videos else "",
        version=escape(card.flawflow_version),
    )


def page_style() -> str:
    """The style of the report page, for other pages."""
    style = (
        files(__package__).joinpath("page.html").read_text("utf-8").split("<style>")[1].split("</style>")[0]
    )
    return Template(style).substitute(gradient=css_gradient(), timeline_style="")


def _tiles(summary: Summary) -> str:
    tiles = (
        ("", f"{summary.inspected:,}", "inspected"),
        *(
            (verdict.lower(), f"{count:,}", f"{_CHIPS[verdict]}: {VERDICT_WORDS[verdict]}")
            for verdict, count in (("NG", summary.ng), ("REVIEW", summary.review), ("OK", summary.ok))
        ),
        ("bad" if summary.unreadable else "", f"{summary.unreadable:,}", "could not be read"),
    )
    return "".join(
        f'<div class="tile {kind}"><strong>{number}</strong><span>{label}</span></div>'
        for kind, number, label in tiles
    )


def _histogram(summary: Summary, card: Card) -> str:
    if not summary.scores:
        return "<p>No picture was inspected, so there are no scores.</p>"
    calibration = card.calibration
    return histogram_svg(
        summary.scores,
        ng=calibration.threshold().score,
        review=calibration.review_threshold().score,
        known=calibration.all_scores,
    )


def facts_of(card: Card) -> str:
    """Render what the model's card says."""
    encoder, training = card.encoder, card.training
    facts = (
        ("Trained on", f"{counted(training.image_count, 'good picture')} of {training.dataset}"),
        (
            "Trained at",
            f"{datetime.fromisoformat(card.created):%Y-%m-%d %H:%M} UTC, in {duration(training.seconds)}",
        ),
        ("Input", f"{card.size[1]} × {card.size[0]} pixels (width × height)"),
        ("Looks at", roi_sentence(card)),
        ("Detector", f"{card.detector}, preset {card.preset}, seed {training.seed}"),
        ("Encoder", f"{encoder.name}, weights {encoder.weights} (licence: {encoder.weights_licence})"),
        ("Verdict", rule(card.calibration)),
        (
            "Region",
            f"where the anomaly map is above {card.calibration.pixel_threshold:.4g}; "
            "of NG and REVIEW at least the highest place",
        ),
    )
    return "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts)


def _drift(drift: Drift) -> str:
    first, *more = drift_sentences(drift)
    points = "".join(f"<li>{escape(sentence)}</li>" for sentence in more)
    alarm = " alarm" if drift.findings or drift.hint else ""
    return f'<section class="drift{alarm}"><h2>Camera and light</h2><p>{escape(first)}</p>' + (
        f"<ul>{points}</ul></section>" if points else "</section>"
    )


def _selection(summary: Summary, shown: int) -> str:
    if shown >= summary.inspected:
        return "All inspected pictures, by falling score."
    return (
        f"{shown:,} of {summary.inspected:,} pictures: the most anomalous ones and an even sample of the "
        "others, by falling score. results.csv, results.jsonl and the folder overlays have all of them."
    )


def figure(exhibit: Exhibit, card: Card) -> str:
    """Render one picture of the page."""
    record = exhibit.record
    verdict, path = record.verdict or "", record.path or ""
    rare = rarity(record.p_value or 0.0, len(card.calibration.all_scores))
    regions = counted(len(record.regions or ()), "region")
    overlay = _image("overlay", exhibit.overlay, f"Anomaly map over {path}")
    if record.overlay is not None:
        # A browser opens an overlay video at the frame.
        moment = "" if record.seconds is None else f"#t={record.seconds:.3f}"
        overlay = f'<a href="{escape(quote(record.overlay))}{moment}" target="_blank">{overlay}</a>'
    return (
        f'<figure data-verdict="{escape(verdict)}">'
        f'<div class="pair">{_image("picture", exhibit.picture, path)}{overlay}</div>'
        f'<figcaption><p><span class="chip {escape(verdict.lower())}">{escape(_CHIPS[verdict])}</span> '
        f"<b>score {exhibit.score:.4g}</b> · {escape(regions)}</p>"
        f"<p>{escape(rare)}</p>"
        f'<p class="path">{escape(named(record))}</p></figcaption></figure>\n'
    )


def _video(video: VideoExhibit) -> str:
    link = f'<a href="{escape(quote(video.overlay))}" target="_blank">overlay video</a>'
    return f"<section><h2>{escape(video.path)}</h2>{video.timeline}<p>{link}</p></section>\n"


def _image(kind: str, jpeg: bytes, text: str) -> str:
    data = base64.b64encode(jpeg).decode()
    return f'<img class="{kind}" alt="{escape(text)}" src="data:image/jpeg;base64,{data}">'


def _failures(summary: Summary) -> str:
    if not summary.unreadable:
        return ""
    left = summary.unreadable - len(summary.failures)
    more = f"<p>… and {left:,} more; results.jsonl has all of them.</p>" if left else ""
    return (
        f"<section><h2>{escape(counted(summary.unreadable, 'picture'))} could not be read</h2>"
        f'<ul class="failures">{_list_items(summary.failures)}</ul>{more}</section>'
    )


def _list_items(failures: Iterable[tuple[str, str]]) -> str:
    # Most sentences name their file already.
    sentences = (error if path in error else f"{path}: {error}" for path, error in failures)
    return "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
