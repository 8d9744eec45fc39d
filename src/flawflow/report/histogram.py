"""The scores of all pictures as one small inline SVG."""

from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from flawflow.report.axis import SCORE_LABEL, Axis, bottom_axis, side_grid, upright_thresholds
from flawflow.report.wording import counted

_WIDTH, _HEIGHT = 560, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 16, 42, 44
_BINS = 48
_FLOOR = _HEIGHT - _BOTTOM


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
    top = int(np.bincount(bins).max())
    across = Axis(float(edges[0]), float(edges[-1]), _LEFT, _WIDTH - _RIGHT)
    upwards = Axis(0, top, _FLOOR, _TOP)
    grid = side_grid(upwards, sorted({0, top // 2, top}), _LEFT, _WIDTH - _RIGHT)
    parts, below = [grid], np.zeros(len(edges) - 1, np.int64)
    for verdict, chosen in (
        ("ok", values <= review),
        ("review", (values > review) & (values <= ng)),
        ("ng", values > ng),
    ):
        counts = np.bincount(bins[chosen], minlength=len(below))
        for i in np.flatnonzero(counts):
            parts.append(
                _bar(verdict, edges[i : i + 2].tolist(), int(counts[i]), int(below[i]), (across, upwards))
            )
        below += counts
    parts.append(bottom_axis(across, _FLOOR, count=6, label=SCORE_LABEL, tick=10))
    parts += [_marks(known, across), upright_thresholds(across, _FLOOR, ng=ng, review=review)]
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


def _bar(verdict: str, span: list[float], count: int, below: int, axes: tuple[Axis, Axis]) -> str:
    (start, end), (across, upwards) = span, axes
    x, foot = across(start), upwards(below)
    # One picture among thousands must still be seen.
    height = max(foot - upwards(below + count), 1.5)
    title = f"{counted(count, 'picture')} from {start:.4g} to {end:.4g} ({verdict.upper()})"
    return (
        f'<rect class="{verdict}" x="{x}" y="{round(foot - height, 2)}" '
        f'width="{max(round(across(end) - x - 1, 2), 1)}" height="{round(height, 2)}">'
        f"<title>{title}</title></rect>"
    )


def _marks(known: Sequence[float], across: Axis) -> str:
    """One path of short strokes."""
    if not known:
        return ""
    places = sorted(set(map(across, known)))
    strokes = "".join(f"M{x} {_FLOOR + 2}v6" for x in places)
    title = f"{counted(len(known), 'good picture')} of the calibration"
    return f'<path class="known" d="{strokes}"><title>{title}</title></path>'
