"""The scores of all pictures as one small inline SVG."""

from collections.abc import Sequence
from html import escape

import numpy as np

_WIDTH, _HEIGHT = 560, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 16, 26, 44
_BINS = 48


def histogram_svg(scores: Sequence[float], threshold: float) -> str:
    """Draw the histogram of `scores` with a line at the threshold.

    The bars follow CSS classes (`ok`, `ng`), so the page's colours apply; a bin ends at the
    threshold, so that no bar holds both verdicts.

    Args:
        scores: Finite image scores, at least one.
        threshold: A picture with a score above it is NG.

    Returns:
        An `<svg>` element.
    """
    edges = _edges(np.asarray(scores, np.float64), threshold)
    # numpy's bins are closed below; a score that equals the threshold is OK, so bins close above here.
    counts = np.bincount(
        np.clip(np.searchsorted(edges, scores, side="left") - 1, 0, len(edges) - 2), minlength=len(edges) - 1
    )
    top = int(counts.max())
    parts = [_grid(top)]
    parts += [
        _bar(edges[i], edges[i + 1], int(count), top, edges, is_ng=bool(edges[i] >= threshold))
        for i, count in enumerate(counts)
        if count
    ]
    parts += [_threshold_line(_x(threshold, edges), threshold), _axis(edges)]
    label = f"Histogram of {len(scores)} scores; the threshold is {threshold:.4g}"
    return (
        f'<svg class="histogram" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{escape(label)}">{"".join(parts)}</svg>'
    )


def _edges(scores: np.ndarray, threshold: float) -> np.ndarray:
    """Give bin edges of one width that hold all scores and have the threshold among them."""
    low, high = min(float(scores.min()), threshold), max(float(scores.max()), threshold)
    step = (high - low) / _BINS or max(abs(threshold), 1.0) * 0.01
    below = int(np.ceil((threshold - low) / step)) + 1
    above = int(np.ceil((high - threshold) / step)) + 1
    return threshold + step * np.arange(-below, above + 1)


def _x(value: float, edges: np.ndarray) -> float:
    share = (value - edges[0]) / (edges[-1] - edges[0])
    return round(float(_LEFT + share * (_WIDTH - _LEFT - _RIGHT)), 2)


def _y(count: float, top: int) -> float:
    return round(_HEIGHT - _BOTTOM - count / top * (_HEIGHT - _TOP - _BOTTOM), 2)


def _bar(start: float, end: float, count: int, top: int, edges: np.ndarray, *, is_ng: bool) -> str:
    x, y = _x(start, edges), _y(count, top)
    # One picture among thousands must still be seen.
    height = max(_HEIGHT - _BOTTOM - y, 1.5)
    kind = "ng" if is_ng else "ok"
    title = (
        f"{count} {'picture' if count == 1 else 'pictures'} from {start:.4g} to {end:.4g} ({kind.upper()})"
    )
    return (
        f'<rect class="{kind}" x="{x}" y="{round(_HEIGHT - _BOTTOM - height, 2)}" '
        f'width="{max(round(_x(end, edges) - x - 1, 2), 1)}" height="{round(height, 2)}">'
        f"<title>{title}</title></rect>"
    )


def _grid(top: int) -> str:
    marks = sorted({0, top // 2, top})
    return "".join(
        f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{_y(mark, top)}" y2="{_y(mark, top)}"/>'
        f'<text x="{_LEFT - 6}" y="{_y(mark, top) + 4}" text-anchor="end">{mark}</text>'
        for mark in marks
    )


def _threshold_line(x: float, threshold: float) -> str:
    # The label stands on the side where there is room for it.
    anchor, offset = ("start", 5) if x < _WIDTH / 2 else ("end", -5)
    return (
        f'<line class="threshold" x1="{x}" x2="{x}" y1="{_TOP - 12}" y2="{_HEIGHT - _BOTTOM}"/>'
        f'<text class="threshold" x="{x + offset}" y="{_TOP - 8}" text-anchor="{anchor}">'
        f"threshold {threshold:.4g}</text>"
    )


def _axis(edges: np.ndarray) -> str:
    y = _HEIGHT - _BOTTOM
    ticks = "".join(
        f'<line class="axis" x1="{_x(tick, edges)}" x2="{_x(tick, edges)}" y1="{y}" y2="{y + 4}"/>'
        f'<text x="{_x(tick, edges)}" y="{y + 17}" text-anchor="middle">{tick:g}</text>'
        for tick in _ticks(float(edges[0]), float(edges[-1]))
    )
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    return (
        f'<line class="axis" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y}" y2="{y}"/>{ticks}'
        f'<text class="label" x="{middle}" y="{_HEIGHT - 8}" text-anchor="middle">'
        "score (higher is more anomalous)</text>"
    )


def _ticks(low: float, high: float) -> list[float]:
    """Give round numbers between two values, about six of them."""
    rough = (high - low) / 6
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    first, last = int(np.ceil(low / step)), int(np.floor(high / step))
    return [round(number * step, 12) for number in range(first, last + 1)]
