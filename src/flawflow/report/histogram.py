"""The scores of all pictures as one small inline SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from flawflow.report.wording import counted

_WIDTH, _HEIGHT = 560, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 16, 42, 44
_BINS = 48
_FLOOR = _HEIGHT - _BOTTOM


@dataclass(frozen=True)
class _Scales:
    """Where scores and counts stand: from score `low` to `high`, from no picture to `top` pictures."""

    low: float
    high: float
    top: int

    def x(self, score: float) -> float:
        share = (score - self.low) / (self.high - self.low)
        return round(_LEFT + share * (_WIDTH - _LEFT - _RIGHT), 2)

    def y(self, count: float) -> float:
        return round(_FLOOR - count / self.top * (_FLOOR - _TOP), 2)


def histogram_svg(scores: Sequence[float], *, ng: float, review: float, known: Sequence[float] = ()) -> str:
    """Draw the histogram of `scores` with a line at each threshold.

    The bars follow CSS classes (`ok`, `review`, `ng`), so the page's colours apply. A bin ends at the
    threshold of NG; in the bin that holds the other one the verdicts stand upon each other.

    Args:
        scores: Finite image scores, at least one.
        ng: A picture with a score above it is NG.
        review: A picture with a score above it is REVIEW, if not NG; at most `ng`.
        known: Scores of the calibration's good pictures: a mark for each below the axis.

    Returns:
        An `<svg>` element.
    """
    values = np.asarray(scores, np.float64)
    edges = _edges(np.concatenate([values, np.asarray(known, np.float64)]), ng, review)
    # numpy's bins are closed below; a score that equals a threshold is not above it, so bins close above.
    bins = np.clip(np.searchsorted(edges, values, side="left") - 1, 0, len(edges) - 2)
    scales = _Scales(float(edges[0]), float(edges[-1]), top=int(np.bincount(bins).max()))
    parts, below = [_grid(scales)], np.zeros(len(edges) - 1, np.int64)
    for verdict, chosen in (
        ("ok", values <= review),
        ("review", (values > review) & (values <= ng)),
        ("ng", values > ng),
    ):
        counts = np.bincount(bins[chosen], minlength=len(below))
        for i in np.flatnonzero(counts):
            parts.append(_bar(verdict, edges[i : i + 2].tolist(), int(counts[i]), int(below[i]), scales))
        below += counts
    parts += [_axis(scales), _marks(known, scales), _thresholds(ng, review, scales)]
    label = f"Histogram of {len(scores)} scores; NG above {ng:.4g}, REVIEW above {review:.4g}"
    return (
        f'<svg class="histogram" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{escape(label)}">{"".join(parts)}</svg>'
    )


def _edges(scores: NDArray[np.float64], ng: float, review: float) -> NDArray[np.float64]:
    """Give bin edges of one width that hold all scores and thresholds and have `ng` among them."""
    low, high = min(float(scores.min()), review), max(float(scores.max()), ng)
    step = (high - low) / _BINS or max(abs(ng), 1.0) * 0.01
    below = int(np.ceil((ng - low) / step)) + 1
    above = int(np.ceil((high - ng) / step)) + 1
    return ng + step * np.arange(-below, above + 1, dtype=np.float64)


def _bar(verdict: str, span: list[float], count: int, below: int, scales: _Scales) -> str:
    start, end = span
    x, foot = scales.x(start), scales.y(below)
    # One picture among thousands must still be seen.
    height = max(foot - scales.y(below + count), 1.5)
    title = f"{counted(count, 'picture')} from {start:.4g} to {end:.4g} ({verdict.upper()})"
    return (
        f'<rect class="{verdict}" x="{x}" y="{round(foot - height, 2)}" '
        f'width="{max(round(scales.x(end) - x - 1, 2), 1)}" height="{round(height, 2)}">'
        f"<title>{title}</title></rect>"
    )


def _grid(scales: _Scales) -> str:
    marks = [(count, scales.y(count)) for count in sorted({0, scales.top // 2, scales.top})]
    return "".join(
        f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y}" y2="{y}"/>'
        f'<text x="{_LEFT - 6}" y="{y + 4}" text-anchor="end">{count}</text>'
        for count, y in marks
    )


def _thresholds(ng: float, review: float, scales: _Scales) -> str:
    """Draw the thresholds, each label in its own row; labels come last, above all lines."""
    lines, labels = "", ""
    for verdict, threshold, row in [("NG", ng, 12)] + ([("REVIEW", review, 28)] if review < ng else []):
        x = scales.x(threshold)
        lines += f'<line class="threshold" x1="{x}" x2="{x}" y1="{row - 9}" y2="{_FLOOR}"/>'
        # REVIEW lies left of NG, and so does its label where there is room for it.
        leftwards = x > (150 if verdict == "REVIEW" else _WIDTH / 2)
        anchor, offset = ("end", -5) if leftwards else ("start", 5)
        labels += (
            f'<text class="threshold" x="{round(x + offset, 2)}" y="{row}" text-anchor="{anchor}">'
            f"{verdict} above {threshold:.4g}</text>"
        )
    return lines + labels


def _axis(scales: _Scales) -> str:
    ticks = "".join(
        f'<line class="axis" x1="{scales.x(tick)}" x2="{scales.x(tick)}" y1="{_FLOOR}" y2="{_FLOOR + 10}"/>'
        f'<text x="{scales.x(tick)}" y="{_FLOOR + 22}" text-anchor="middle">{tick:g}</text>'
        for tick in round_ticks(scales.low, scales.high, 6)
    )
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    return (
        f'<line class="axis" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{_FLOOR}" y2="{_FLOOR}"/>{ticks}'
        f'<text class="label" x="{middle}" y="{_HEIGHT - 8}" text-anchor="middle">'
        "score (higher is more anomalous)</text>"
    )


def _marks(known: Sequence[float], scales: _Scales) -> str:
    """One path of short strokes."""
    if not known:
        return ""
    places = sorted({scales.x(score) for score in known})
    strokes = "".join(f"M{x} {_FLOOR + 2}v6" for x in places)
    title = f"{counted(len(known), 'good picture')} of the calibration"
    return f'<path class="known" d="{strokes}"><title>{title}</title></path>'


def round_ticks(low: float, high: float, count: int) -> list[float]:
    """Give round numbers between two values, about `count` of them."""
    rough = (high - low) / count
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    first, last = int(np.ceil(low / step)), int(np.floor(high / step))
    return [round(number * step, 12) for number in range(first, last + 1)]
