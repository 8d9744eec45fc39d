"""Curves and critical differences as SVG; colours follow the page's."""

from collections.abc import Mapping
from html import escape

import numpy as np
from numpy.typing import NDArray

from flawflow.compare.ranks import Ranking

_COLOURS = ("#0b6e99", "#b3400a", "#2e7d32", "#6a1b9a", "#8d6e00", "#c2185b", "#455a64", "#00897b")
_DASHES = ("", "6 3", "2 3")
_SIDE, _LEFT, _TOP, _BOTTOM = 220, 40, 26, 40
_LINE = 16

Curve = tuple[NDArray[np.float64], NDArray[np.float64]]


def roc_of(is_defective: NDArray[np.bool_], scores: NDArray[np.float64]) -> Curve:
    """False and true positive rates over all thresholds, each (T,), from (0, 0) to (1, 1)."""
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.diff(scores[order]) != 0, True)
    hits, alarms = (np.cumsum(kind[order])[last] for kind in (is_defective, ~is_defective))
    return tuple(np.concatenate([[0], count / count[-1]]) for count in (alarms, hits))  # type: ignore[return-value]


def roc_svg(title: str, curves: Mapping[str, Curve]) -> str:
    """Draw image-level ROC curves, a line a label; the false positive rate is drawn as its square root."""
    height = _TOP + _SIDE + _BOTTOM + _LINE * len(curves)
    parts = [f'<text x="{_LEFT}" y="16" class="strong">{escape(title)}</text>']
    for rate in (0.0, 0.01, 0.1, 0.3, 1.0):
        x = _LEFT + _SIDE * rate**0.5
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{_TOP + _SIDE}"/>')
        parts.append(f'<text x="{x:.1f}" y="{_TOP + _SIDE + 14}" text-anchor="middle">{100 * rate:g}</text>')
    for share in (0.0, 0.5, 1.0):
        level = _TOP + _SIDE * (1 - share)
        parts.append(
            f'<line class="grid" x1="{_LEFT}" x2="{_LEFT + _SIDE}" y1="{level:.1f}" y2="{level:.1f}"/>'
        )
        parts.append(f'<text x="{_LEFT - 6}" y="{level + 4:.1f}" text-anchor="end">{100 * share:g}</text>')
    parts.append(
        f'<text x="{_LEFT + _SIDE / 2}" y="{_TOP + _SIDE + 28}" text-anchor="middle">'
        "good pictures rejected, %</text>"
    )
    for number, (label, (alarms, hits)) in enumerate(curves.items()):
        stroke = f'stroke="{_COLOURS[number % 8]}" stroke-dasharray="{_DASHES[number // 8 % 3]}"'
        # Between two thresholds the curve is a staircase: nothing is interpolated.
        across = _LEFT + _SIDE * np.sqrt(np.repeat(alarms, 2)[1:])
        up = _TOP + _SIDE * (1 - np.repeat(hits, 2)[:-1])
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(across, up, strict=True))
        at = _TOP + _SIDE + _BOTTOM + _LINE * number
        parts.append(f'<polyline points="{points}" fill="none" stroke-width="2" {stroke}/>')
        parts.append(f'<line x1="{_LEFT}" x2="{_LEFT + 24}" y1="{at}" y2="{at}" stroke-width="2" {stroke}/>')
        parts.append(f'<text x="{_LEFT + 32}" y="{at + 4}">{escape(label)}</text>')
    return _svg(_LEFT + _SIDE + 20, height, parts)


def ranks_svg(found: Ranking) -> str:
    """Draw mean ranks on an axis, and a bar under detectors that cannot be told apart."""
    count, left, width = len(found.ranks), 20, 420
    ties = found.ties()
    foot = 70 + 12 * len(ties)

    def x(rank: float) -> float:
        return left + width * (rank - 1) / (count - 1)

    reach = left + width * found.critical / (count - 1)
    parts = [
        f'<line class="axis" x1="{left}" x2="{left + width}" y1="50" y2="50"/>',
        f'<line class="strong" x1="{left}" x2="{reach:.1f}" y1="20" y2="20"/>',
        f'<text x="{left}" y="14">critical difference {found.critical:.2f}</text>',
    ]
    for whole in range(1, count + 1):
        parts.append(f'<line class="axis" x1="{x(whole):.1f}" x2="{x(whole):.1f}" y1="45" y2="50"/>')
        parts.append(f'<text x="{x(whole):.1f}" y="40" text-anchor="middle">{whole}</text>')
    for number, (first, last) in enumerate(ties):
        at = 62 + 12 * number
        ends = f'x1="{x(found.ranks[first]) - 4:.1f}" x2="{x(found.ranks[last]) + 4:.1f}"'
        parts.append(f'<line class="tie" {ends} y1="{at}" y2="{at}"/>')
    for number, (label, rank) in enumerate(found.ranks.items()):
        place = foot + 14 + 18 * number
        parts.append(
            f'<polyline class="lead" points="{x(rank):.1f},50 {x(rank):.1f},{place} '
            f'{left + width + 8},{place}"/>'
        )
        parts.append(f'<text x="{left + width + 14}" y="{place + 4}">{escape(label)} ({rank:.2f})</text>')
    # Of the width the axis takes a part only, and a critical difference may be wider than it.
    return _svg(round(max(left + width + 220, reach + 20)), foot + 18 * count + 10, parts)


def _svg(width: int, height: int, parts: list[str]) -> str:
    return (
        f'<svg class="plot" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f"{''.join(parts)}</svg>"
    )
