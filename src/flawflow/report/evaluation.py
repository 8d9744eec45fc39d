"""The page of an evaluation: verdicts and measures by kind of defect, and the pictures that tell most."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files
from string import Template

from flawflow.decision.calibration import Verdict
from flawflow.images import read_image
from flawflow.inspection.evaluate import GOOD_KIND, ImageResult, ModelEvaluation
from flawflow.inspection.inspection import Inspection
from flawflow.metrics import Evaluation
from flawflow.model_file.card import Card
from flawflow.report.gallery import Exhibit, exhibit_of
from flawflow.report.measures import at_threshold, cells, headings, segmented
from flawflow.report.page import facts_of, figure, page_style
from flawflow.report.strip_plot import strip_plot_svg
from flawflow.report.wording import counted, percent, promise
from flawflow.results.record import record_of


def render_evaluation(evaluation: ModelEvaluation, card: Card, *, model: str, dataset: str) -> str:
    """Render the page.

    Args:
        evaluation: The measures and the pictures; those to show are read once more, to be drawn.
        card: The model's card.
        model: The model's name.
        dataset: The data set's name.

    Returns:
        A whole HTML document; all that comes from files is escaped in it.

    Raises:
        ImageError: A picture can be read no more.
    """
    groups = _groups(evaluation.images)
    calibration = card.calibration
    low, high = card.colormap_range
    template = Template(files(__package__).joinpath("evaluation.html").read_text("utf-8"))
    return template.substitute(
        model=escape(model),
        dataset=escape(dataset),
        style=page_style(),
        table=_table(evaluation, groups),
        strips=strip_plot_svg(
            {kind: [one.score for one in pictures] for kind, pictures in groups.items()},
            ng=calibration.threshold().score,
            review=calibration.review_threshold().score,
        ),
        promise=escape(promise(calibration)),
        realised=escape(_realised(groups.get(GOOD_KIND, []))),
        at_threshold=escape(at_threshold(evaluation)),
        segmented=escape(segmented(evaluation)),
        left_out=_left_out([*evaluation.left_out, *evaluation.notes]),
        facts=facts_of(card),
        heat_low=f"{low:.4g}",
        heat_high=f"{high:.4g}",
        galleries="".join(
            _gallery(kind, groups[kind], shown, card) for kind, shown in evaluation.shown().items()
        ),
        version=escape(card.flawflow_version),
    )


def _left_out(sentences: Sequence[str]) -> str:
    if not sentences:
        return ""
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return f"<section><h2>Left out, and worth a look</h2><ul>{items}</ul></section>"


def _groups(results: Iterable[ImageResult]) -> dict[str, list[ImageResult]]:
    """Pictures by kind: the good ones first, then defects in alphabetical order."""
    groups: dict[str, list[ImageResult]] = {}
    for one in sorted(results, key=lambda one: (one.kind != GOOD_KIND, one.kind)):
        groups.setdefault(one.kind, []).append(one)
    return groups


def _table(evaluation: Evaluation, groups: Mapping[str, Sequence[ImageResult]]) -> str:
    measures = headings(evaluation)
    names = ("", "pictures", "▲ NG", "◆ REVIEW", "● OK", *measures)
    rows = ["<tr>" + "".join(f"<th>{name}</th>" for name in names) + "</tr>"]
    for kind, pictures in groups.items():
        part = evaluation.per_defect.get(kind)
        figures = cells(evaluation, part) if part and kind != GOOD_KIND else ("",) * len(measures)
        rows.append(_table_row(kind, pictures, figures))
    everything = [one for pictures in groups.values() for one in pictures]
    return "".join([*rows, _table_row("all", everything, cells(evaluation))])


def _table_row(name: str, pictures: Sequence[ImageResult], figures: Sequence[str]) -> str:
    counts = [len(pictures), *(sum(one.verdict == verdict for one in pictures) for verdict in _VERDICTS)]
    shown = [escape(name), *(f"{count:,}" for count in counts), *figures]
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in shown) + "</tr>"


_VERDICTS: tuple[Verdict, ...] = ("NG", "REVIEW", "OK")


def _realised(good: Sequence[ImageResult]) -> str:
    """Say what the promise came to on the good test pictures."""
    if not good:
        return ""
    rejected = sum(one.verdict == "NG" for one in good)
    stopped = sum(one.verdict != "OK" for one in good)
    shares = percent(rejected / len(good)), percent(stopped / len(good))
    return (
        f"Of {counted(len(good), 'good test picture')} {rejected:,} were NG ({shares[0]}), "
        f"and {stopped:,} NG or REVIEW ({shares[1]})."
    )


def _gallery(kind: str, pictures: Sequence[ImageResult], shown: Sequence[ImageResult], card: Card) -> str:
    wrong = sum((one.verdict == "OK") == (kind != GOOD_KIND) for one in pictures)
    said = "not OK" if kind == GOOD_KIND else "OK"
    title = f"{kind}: {counted(len(pictures), 'picture')}, {wrong:,} of them {said}"
    inspections = (one.inspection for one in shown if one.inspection is not None)
    figures = "".join(figure(_exhibit(one, card), card) for one in inspections)
    return f'<h3>{escape(title)}</h3><div class="gallery">{figures}</div>'


def _exhibit(inspection: Inspection, card: Card) -> Exhibit:
    assert inspection.path is not None, "test pictures are files"
    return exhibit_of(inspection, read_image(inspection.path), record_of(inspection), card.colormap_range)
