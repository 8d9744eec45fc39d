"""The scores of a video over its time as one SVG, which stands alone or on the report page."""

from collections.abc import Sequence
from html import escape
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from flawflow.report.axis import SCORE_LABEL, Axis, bottom_axis, side_grid
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
    across = Axis(0.0, end, _LEFT, _WIDTH - _RIGHT)
    upwards = Axis(low - margin, high + margin, _FLOOR, _TOP)
    found = spans(times, values, ng=ng, review=review, end=end)
    label = f"Scores of {title} over {end:.1f} seconds; NG above {ng:.4g} in " + counted(
        sum(verdict == "ng" for verdict, _, _ in found), "span"
    )
    parts = [side_grid(upwards, upwards.ticks(4), _LEFT, _WIDTH - _RIGHT)]
    parts += [*(_band(*span, across) for span in found), _line(times, values, across, upwards)]
    parts += [bottom_axis(across, _FLOOR, count=10, label="seconds"), _thresholds(ng, review, upwards)]
    parts.append(f'<text x="{_LEFT}" y="14">{SCORE_LABEL}</text>')
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


def _band(verdict: str, start: float, end: float, across: Axis) -> str:
    x = across(start)
    # One frame of an hour must still be seen.
    width = max(round(across(end) - x, 2), 2)
    return (
        f'<rect class="{verdict}" x="{x}" y="{_TOP}" width="{width}" height="{_FLOOR - _TOP}">'
        f"<title>{verdict.upper()} from {start:.2f} s to {end:.2f} s</title></rect>"
    )


def _line(times: NDArray[np.float64], scores: NDArray[np.float64], across: Axis, upwards: Axis) -> str:
    chosen = _visible(times, scores, across.high)
    points = " ".join(f"{across(float(times[i]))},{upwards(float(scores[i]))}" for i in chosen)
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


def _thresholds(ng: float, review: float, upwards: Axis) -> str:
    """Draw the thresholds with their labels at the right, one above its line and one below."""
    shown = [("NG", ng, -5)] + ([("REVIEW", review, 14)] if review < ng else [])
    return "".join(
        f'<line class="threshold" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{upwards(value)}" '
        f'y2="{upwards(value)}"/><text class="threshold" x="{_WIDTH - _RIGHT - 4}" '
        f'y="{upwards(value) + offset}" text-anchor="end">{verdict} above {value:.4g}</text>'
        for verdict, value, offset in shown
    )
