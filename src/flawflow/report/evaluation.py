"""The page of an evaluation: verdicts and measures by kind of defect, and the pictures that tell most."""

from collections.abc import Iterable, Mapping, Sequence

from flawflow.decision.calibration import Verdict
from flawflow.images import read_image
from flawflow.inspection.evaluate import GOOD_KIND, ImageResult, ModelEvaluation
from flawflow.inspection.inspection import Inspection
from flawflow.metrics import Evaluation
from flawflow.model_file.card import Card
from flawflow.report.gallery import Exhibit, exhibit_of
from flawflow.report.html import drawn, render
from flawflow.report.measures import at_threshold, cells, headings, segmented
from flawflow.report.page import facts_of, figure_of
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
    strips = strip_plot_svg(
        {kind: [one.score for one in pictures] for kind, pictures in groups.items()},
        ng=calibration.threshold().score,
        review=calibration.review_threshold().score,
    )
    return render(
        "evaluation.html",
        model=model,
        dataset=dataset,
        columns=("", "pictures", "▲ NG", "◆ REVIEW", "● OK", *headings(evaluation)),
        rows=_rows(evaluation, groups),
        strips=drawn(strips),
        promise=promise(calibration),
        realised=_realised(groups.get(GOOD_KIND, [])),
        at_threshold=at_threshold(evaluation),
        segmented=segmented(evaluation),
        left_out=[*evaluation.left_out, *evaluation.notes],
        facts=facts_of(card),
        heat_low=f"{low:.4g}",
        heat_high=f"{high:.4g}",
        galleries=[_gallery(kind, groups[kind], shown, card) for kind, shown in evaluation.shown().items()],
        version=card.flawflow_version,
    )


def _groups(results: Iterable[ImageResult]) -> dict[str, list[ImageResult]]:
    """Pictures by kind: the good ones first, then defects in alphabetical order."""
    groups: dict[str, list[ImageResult]] = {}
    for one in sorted(results, key=lambda one: (one.kind != GOOD_KIND, one.kind)):
        groups.setdefault(one.kind, []).append(one)
    return groups


def _rows(evaluation: Evaluation, groups: Mapping[str, Sequence[ImageResult]]) -> list[list[str]]:
    rows = []
    for kind, pictures in groups.items():
        part = evaluation.per_defect.get(kind)
        nothing = ("",) * len(headings(evaluation))
        rows.append(_row(kind, pictures, cells(evaluation, part) if part and kind != GOOD_KIND else nothing))
    everything = [one for pictures in groups.values() for one in pictures]
    return [*rows, _row("all", everything, cells(evaluation))]


def _row(name: str, pictures: Sequence[ImageResult], figures: Sequence[str]) -> list[str]:
    counts = [len(pictures), *(sum(one.verdict == verdict for one in pictures) for verdict in _VERDICTS)]
    return [name, *(f"{count:,}" for count in counts), *figures]


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


def _gallery(
    kind: str, pictures: Sequence[ImageResult], shown: Sequence[ImageResult], card: Card
) -> dict[str, object]:
    wrong = sum((one.verdict == "OK") == (kind != GOOD_KIND) for one in pictures)
    said = "not OK" if kind == GOOD_KIND else "OK"
    inspections = (one.inspection for one in shown if one.inspection is not None)
    return {
        "title": f"{kind}: {counted(len(pictures), 'picture')}, {wrong:,} of them {said}",
        "exhibits": [figure_of(_exhibit(one, card), card) for one in inspections],
    }


def _exhibit(inspection: Inspection, card: Card) -> Exhibit:
    assert inspection.path is not None, "test pictures are files"
    return exhibit_of(inspection, read_image(inspection.path), record_of(inspection), card.colormap_range)
