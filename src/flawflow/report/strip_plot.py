"""The scores of several groups of pictures, one below the other on one axis."""

from collections.abc import Callable, Mapping, Sequence
from html import escape

from flawflow.report.histogram import round_ticks
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

    def x(score: float) -> float:
        return round(_LEFT + (score - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT), 1)

    parts = [
        _row(name, scores, _TOP + _ROW * row, x, (ng, review))
        for row, (name, scores) in enumerate(groups.items())
    ]
    parts += [_axis(low, high, floor, x), _threshold("NG", ng, 12, floor, x)]
    if review < ng:
        parts.append(_threshold("REVIEW", review, 27, floor, x))
    label = f"Scores of {len(everything)} pictures by kind; NG above {ng:.4g}, REVIEW above {review:.4g}"
    return (
        f'<svg class="histogram" viewBox="0 0 {_WIDTH} {floor + _BOTTOM}" role="img" '
        f'aria-label="{escape(label)}">{"".join(parts)}</svg>'
    )


def _row(
    name: str,
    scores: Sequence[float],
    top: int,
    x: Callable[[float], float],
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


def _axis(low: float, high: float, floor: int, x: Callable[[float], float]) -> str:
    ticks = "".join(
        f'<line class="axis" x1="{x(tick)}" x2="{x(tick)}" y1="{floor}" y2="{floor + 4}"/>'
        f'<text x="{x(tick)}" y="{floor + 17}" text-anchor="middle">{tick:g}</text>'
        for tick in round_ticks(low, high, 8)
    )
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    return (
        f'<line class="axis" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{floor}" y2="{floor}"/>{ticks}'
        f'<text x="{middle}" y="{floor + 34}" text-anchor="middle">score (higher is more anomalous)</text>'
    )


def _threshold(verdict: str, score: float, row: int, floor: int, x: Callable[[float], float]) -> str:
    place = x(score)
    leftwards = place > _WIDTH / 2
    anchor, offset = ("end", -5) if leftwards else ("start", 5)
    return (
        f'<line class="threshold" x1="{place}" x2="{place}" y1="{row - 9}" y2="{floor}"/>'
        f'<text class="threshold" x="{round(place + offset, 1)}" y="{row}" text-anchor="{anchor}">'
        f"{verdict} above {score:.4g}</text>"
    )
