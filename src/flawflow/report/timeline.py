"""The scores of a video over its time as one SVG, which stands alone or on the report page."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from flawflow.report.histogram import round_ticks
from flawflow.report.wording import counted

_WIDTH, _HEIGHT = 960, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 16, 26, 44
_FLOOR = _HEIGHT - _BOTTOM
# More points than this cannot be told apart on a screen: then each column of the picture shows its lowest
# and its highest score.
_COLUMNS = _WIDTH - _LEFT - _RIGHT

# The colours of the report page, for a timeline that stands alone.
_STYLE = """
.timeline { --ink: #1b2026; --quiet: #545d68; --line: #d5d9df; --sheet: #fff; --ok: #0b62a8; --ng: #b3400a; --review: #4d1147; background: #fff; font: 12px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
"""  # noqa: E501
TIMELINE_STYLE = """
.timeline { width: 100%; height: auto; font-size: 12px; }
.timeline text { fill: var(--quiet); } .timeline .grid { stroke: var(--line); } .timeline .axis { stroke: var(--quiet); }
.timeline .scores { fill: none; stroke: var(--ok); stroke-width: 1.5; stroke-linejoin: round; }
.timeline rect.ng { fill: var(--ng); opacity: .22; } .timeline rect.review { fill: var(--review); opacity: .12; }
.timeline line.threshold { stroke: var(--ink); stroke-dasharray: 5 3; } .timeline text.threshold { fill: var(--ink); font-weight: 600; paint-order: stroke; stroke: var(--sheet); stroke-width: 4px; }
"""  # noqa: E501


@dataclass(frozen=True)
class _Scales:
    """Where times and scores stand."""

    end: float
    low: float
    high: float

    def x(self, seconds: float) -> float:
        return round(_LEFT + seconds / self.end * (_WIDTH - _LEFT - _RIGHT), 2)

    def y(self, score: float) -> float:
        return round(_FLOOR - (score - self.low) / (self.high - self.low) * (_FLOOR - _TOP), 2)


def timeline_svg(
    seconds: Sequence[float],
    scores: Sequence[float],
    *,
    ng: float,
    review: float,
    title: str,
    alone: bool = False,
) -> str:
    """Draw scores over time with a line at each threshold and a band over each span that is NG or REVIEW.

    Args:
        seconds: The time of each frame, rising; at least one.
        scores: The score of each frame, finite.
        ng: A frame with a score above it is NG.
        review: A frame with a score above it is REVIEW, if not NG; at most `ng`.
        title: What the video is called.
        alone: Whether the SVG is a file of its own, and must bring its colours.

    Returns:
        An `<svg>` element.
    """
    times, values = np.asarray(seconds, np.float64), np.asarray(scores, np.float64)
    step = float(np.median(np.diff(times))) if len(times) > 1 else 1.0
    end = float(times[-1]) + max(step, 1e-3)
    low, high = min(float(values.min()), review), max(float(values.max()), ng)
    margin = 0.08 * (high - low) or 0.01 * max(abs(high), 1.0)
    scales = _Scales(end, low - margin, high + margin)
    found = spans(times, values, ng=ng, review=review, end=end)
    label = f"Scores of {title} over {end:.1f} seconds; NG above {ng:.4g} in " + counted(
        sum(verdict == "ng" for verdict, _, _ in found), "span"
    )
    parts = [_grid(scales), *(_band(*span, scales) for span in found), _line(times, values, scales)]
    parts += [_axis(scales), _thresholds(ng, review, scales)]
    head = 'xmlns="http://www.w3.org/2000/svg" ' if alone else ""
    style = f"<style>{_STYLE}{TIMELINE_STYLE}</style>" if alone else ""
    return (
        f'<svg {head}class="timeline" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{escape(label)}">{style}{"".join(parts)}</svg>'
    )


def spans(
    times: NDArray[np.float64], scores: NDArray[np.float64], *, ng: float, review: float, end: float
) -> list[tuple[str, float, float]]:
    """Give (verdict, from, to) of each stretch of neighbouring frames that are all NG or all REVIEW.

    A frame lasts until the next one, the last until `end`.
    """
    verdicts = np.where(scores > ng, "ng", np.where(scores > review, "review", "ok"))
    edges = np.append(times, end)
    found, place = [], 0
    for verdict, group in groupby(verdicts.tolist()):
        length = len(list(group))
        if verdict != "ok":
            found.append((verdict, float(edges[place]), float(edges[place + length])))
        place += length
    return found


def _band(verdict: str, start: float, end: float, scales: _Scales) -> str:
    x = scales.x(start)
    # One frame of an hour must still be seen.
    width = max(round(scales.x(end) - x, 2), 2)
    return (
        f'<rect class="{verdict}" x="{x}" y="{_TOP}" width="{width}" height="{_FLOOR - _TOP}">'
        f"<title>{verdict.upper()} from {start:.2f} s to {end:.2f} s</title></rect>"
    )


def _line(times: NDArray[np.float64], scores: NDArray[np.float64], scales: _Scales) -> str:
    chosen = _visible(times, scores, scales.end)
    points = " ".join(f"{scales.x(times[i])},{scales.y(scores[i])}" for i in chosen)
    if len(chosen) == 1:
        x, y = points.split(",")
        return f'<circle cx="{x}" cy="{y}" r="3" fill="var(--ok)"/>'
    return f'<polyline class="scores" points="{points}"/>'


def _visible(times: NDArray[np.float64], scores: NDArray[np.float64], end: float) -> list[int]:
    """The frames to draw: all, or of each column of the picture the lowest and the highest."""
    if len(times) <= 2 * _COLUMNS:
        return list(range(len(times)))
    columns = np.minimum((times / end * _COLUMNS).astype(int), _COLUMNS - 1)
    starts = np.flatnonzero(np.diff(columns, prepend=-1))
    chosen: set[int] = set()
    for start, stop in zip(starts, [*starts[1:], len(times)], strict=True):
        part = scores[start:stop]
        chosen |= {int(start + part.argmin()), int(start + part.argmax())}
    return sorted(chosen)


def _grid(scales: _Scales) -> str:
    marks = [(tick, scales.y(tick)) for tick in round_ticks(scales.low, scales.high, 4)]
    return "".join(
        f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y}" y2="{y}"/>'
        f'<text x="{_LEFT - 6}" y="{y + 4}" text-anchor="end">{tick:g}</text>'
        for tick, y in marks
    )


def _axis(scales: _Scales) -> str:
    ticks = "".join(
        f'<line class="axis" x1="{scales.x(tick)}" x2="{scales.x(tick)}" y1="{_FLOOR}" y2="{_FLOOR + 4}"/>'
        f'<text x="{scales.x(tick)}" y="{_FLOOR + 17}" text-anchor="middle">{tick:g}</text>'
        for tick in round_ticks(0.0, scales.end, 10)
    )
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    return (
        f'<line class="axis" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{_FLOOR}" y2="{_FLOOR}"/>{ticks}'
        f'<text x="{middle}" y="{_HEIGHT - 8}" text-anchor="middle">seconds</text>'
        f'<text x="{_LEFT}" y="14">score (higher is more anomalous)</text>'
    )


def _thresholds(ng: float, review: float, scales: _Scales) -> str:
    """Draw the thresholds with their labels at the right, one above its line and one below."""
    shown = [("NG", ng, -5)] + ([("REVIEW", review, 14)] if review < ng else [])
    return "".join(
        f'<line class="threshold" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{scales.y(value)}" '
        f'y2="{scales.y(value)}"/><text class="threshold" x="{_WIDTH - _RIGHT - 4}" '
        f'y="{scales.y(value) + offset}" text-anchor="end">{verdict} above {value:.4g}</text>'
        for verdict, value, offset in shown
    )
