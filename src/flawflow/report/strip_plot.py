"""The scores of several groups of pictures, one below the other on one axis."""

from collections.abc import Mapping, Sequence
from html import escape

from flawflow.report.axis import SCORE_LABEL, Axis, bottom_axis, upright_thresholds
from flawflow.report.wording import counted

_WIDTH, _LEFT, _RIGHT = 860, 170, 16
_TOP, _ROW, _BOTTOM = 34, 22, 44
_MAX_NAME_CHARACTERS = 22


def strip_plot_svg(groups: Mapping[str, Sequence[float]], *, ng: float, review: float) -> str:
    """Draw a stroke for each score, a row for each group, and a line at each threshold.

    Args:
        groups: Finite scores by the group's name; one score at least.
        ng: A picture with a score above it is NG.
        review: A picture with a score above it is REVIEW, if not NG; at most `ng`.

    Returns:
        An `<svg>` element.
    """
    everything = [score for scores in groups.values() for score in scores]
    low, high = min(*everything, review), max(*everything, ng)
    # All may be one score: the axis still needs a length.
    high = max(high, low + 1e-6 * max(1.0, abs(low)))
    floor = _TOP + _ROW * len(groups)

    x = Axis(low, high, _LEFT, _WIDTH - _RIGHT)
    parts = [
        _row(name, scores, _TOP + _ROW * row, x, (ng, review))
        for row, (name, scores) in enumerate(groups.items())
    ]
    parts.append(bottom_axis(x, floor, count=8, label=SCORE_LABEL))
    parts.append(upright_thresholds(x, floor, ng=ng, review=review))
    label = f"Scores of {len(everything)} pictures by kind; NG above {ng:.4g}, REVIEW above {review:.4g}"
    return (
        f'<svg class="histogram" viewBox="0 0 {_WIDTH} {floor + _BOTTOM}" role="img" '
        f'aria-label="{escape(label)}">{"".join(parts)}</svg>'
    )


def _row(
    name: str,
    scores: Sequence[float],
    top: int,
    x: Axis,
    thresholds: tuple[float, float],
) -> str:
    ng, review = thresholds
    shown = name if len(name) <= _MAX_NAME_CHARACTERS else f"{name[: _MAX_NAME_CHARACTERS - 1]}…"
    parts = [f'<text x="{_LEFT - 10}" y="{top + 14}" text-anchor="end">{escape(shown)}</text>']
    for verdict, chosen in (
        ("ok", [score for score in scores if score <= review]),
        ("review", [score for score in scores if review < score <= ng]),
        ("ng", [score for score in scores if score > ng]),
    ):
        if chosen:
            strokes = "".join(f"M{place} {top + 2}v{_ROW - 6}" for place in sorted(set(map(x, chosen))))
            title = escape(f"{name}: {counted(len(chosen), 'picture')} {verdict.upper()}")
            parts.append(f'<path class="{verdict}" d="{strokes}"><title>{title}</title></path>')
    return "".join(parts)
