"""The measures of an evaluation, as the command line and the page show them."""

from flawflow.metrics import DefectEvaluation, Evaluation
from flawflow.report.wording import counted, percent

# The headings of a table, and the fields that stand below them.
_COLUMNS = (
    ("image AUROC", "image_auroc"),
    ("recall", "recall"),
    ("pixel AUROC", "pixel_auroc"),
    ("pixel AP", "pixel_average_precision"),
    ("AUPRO", "aupro"),
    ("AUPRO 0.05", "aupro_005"),
    ("sPRO 0.05", "auspro"),
)


def headings(evaluation: Evaluation) -> tuple[str, ...]:
    """The columns of a table; sPRO only where defects are marked one by one."""
    return tuple(title for title, name in _COLUMNS if name != "auspro" or evaluation.auspro is not None)


def cells(evaluation: Evaluation, part: DefectEvaluation | None = None) -> tuple[str, ...]:
    """The figures below `headings` in percent: those of one kind of defect, or of all."""
    values = vars(part) if part is not None else vars(evaluation) | {"recall": _recall(evaluation)}
    return tuple(figure(values[name]) for title, name in _COLUMNS if title in headings(evaluation))


def at_threshold(evaluation: Evaluation) -> str:
    """Say what the model's threshold came to on the test pictures, and what that says of other pictures."""
    at = evaluation.at_threshold
    if at is None:
        return ""
    good = evaluation.image_count - evaluation.defect_count
    found = round(at.recall * evaluation.defect_count)
    rejected = f"{at.false_rejects:,} of {counted(good, 'good test picture')}"
    false, true = (
        f"{100 * low:.1f} to {100 * high:.1f} %"
        for low, high in (at.false_reject_interval, at.recall_interval)
    )
    return (
        f"At the threshold for a false reject rate of {percent(at.stated_false_reject_rate)}, {rejected} "
        f"{'is' if at.false_rejects == 1 else 'are'} NG ({100 * at.false_reject_rate:.1f} %), and {found:,} "
        f"of {counted(evaluation.defect_count, 'defective one')} (a recall of {100 * at.recall:.1f} %). Of "
        f"all pictures like these it would be {false} and {true}, with 95 % confidence (exact binomial)."
    )


def segmented(evaluation: Evaluation) -> str:
    """Say the F1 of pixels at the threshold of maps, and at the best one."""
    if evaluation.segf1 is None or evaluation.oracle_segf1 is None:
        return ""
    return (
        f"SegF1 {figure(evaluation.segf1)} at the threshold of the calibration; an oracle that chooses the "
        f"threshold on these test pictures would have {figure(evaluation.oracle_segf1)}."
    )


def _recall(evaluation: Evaluation) -> float | None:
    return None if evaluation.at_threshold is None else evaluation.at_threshold.recall


def figure(value: float | None) -> str:
    """A share as a percentage of two digits behind the point; "-" where it is not known."""
    return "-" if value is None else f"{100 * value:.2f}"
