"""How well a detector sees against the time that it takes, as one SVG."""

import math
from collections.abc import Sequence
from html import escape

from flawflow.compare.summary import Row

_PANEL, _HEIGHT, _GAP = 400, 360, 40
_LEFT, _TOP, _BOTTOM = 50, 40, 50
_FLOOR = _HEIGHT - _BOTTOM
_LABEL = 110, 13
_COLOURS = ("#0b6e99", "#c2410c", "#15803d", "#7e22ce", "#b91c1c", "#4d7c0f", "#334155", "#a16207")
_PANELS = (("pixel_auroc", "Pixel AUROC, %"), ("aupro", "AUPRO, %"))

_Point = tuple[str, float, float]


def plot_svg(rows: Sequence[Row]) -> str:
    """Draw pixel AUROC and AUPRO against milliseconds a picture (logarithmic), a point a variant.

    The rows of the first category count: the mean where there is one. What has no such figure is left out.
    """
    first = [row for row in rows if row.category == rows[0].category]
    several = len({row.variant.encoder for row in first}) > 1
    labels = [
        f"{row.variant.label} · {row.variant.encoder}" if several else row.variant.label for row in first
    ]
    colours = {label: _COLOURS[n % len(_COLOURS)] for n, label in enumerate(labels)}
    parts = []
    for n, (measure, title) in enumerate(_PANELS):
        points = [
            (label, time, 100 * share)
            for label, row in zip(labels, first, strict=True)
            if (time := row.figures["milliseconds"].mean) is not None
            and (share := row.figures[measure].mean) is not None
        ]
        shift = n * (_PANEL + _GAP)
        parts.append(f'<g transform="translate({shift} 0)">{_panel(title, points, colours)}</g>')
    width = 2 * _PANEL + _GAP
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {_HEIGHT}" font-family="sans-serif" '
        f'font-size="12"><rect width="100%" height="100%" fill="white"/>{"".join(parts)}</svg>\n'
    )


def _panel(title: str, points: Sequence[_Point], colours: dict[str, str]) -> str:
    head = f'<text x="{_LEFT}" y="22" font-weight="bold">{title}</text>'
    if not points:
        return f'{head}<text x="{_LEFT}" y="60" fill="#555">nothing to show</text>'
    times, shares = [time for _, time, _ in points], [share for _, _, share in points]
    left, right = math.log10(min(times)) - 0.1, math.log10(max(times)) + 0.45
    low, high = _range(shares)

    def x(time: float) -> float:
        return round(_LEFT + (math.log10(time) - left) / (right - left) * (_PANEL - _LEFT), 1)

    def y(share: float) -> float:
        return round(_FLOOR - (share - low) / (high - low) * (_FLOOR - _TOP), 1)

    marks = "".join(
        f'<line x1="{_LEFT}" x2="{_PANEL}" y1="{y(value)}" y2="{y(value)}" stroke="#ddd"/>'
        f'<text x="{_LEFT - 6}" y="{y(value) + 4}" text-anchor="end">{value:g}</text>'
        for value in _ticks(low, high)
    )
    marks += "".join(
        f'<text x="{x(time)}" y="{_FLOOR + 18}" text-anchor="middle">{time:g}</text>'
        for time in _decades(10**left, 10**right)
    )
    axis = f'<text x="{(_LEFT + _PANEL) / 2}" y="{_FLOOR + 38}" text-anchor="middle">ms a picture</text>'
    places = [(label, x(time), y(share)) for label, time, share in points]
    dots = "".join(
        _dot(label, (left_x, dot_y), text_y, colours[label])
        for (label, left_x, dot_y), text_y in zip(places, _apart(places), strict=True)
    )
    return head + marks + axis + dots


def _dot(label: str, place: tuple[float, float], text_y: float, colour: str) -> str:
    x, y = place
    return (
        f'<circle cx="{x}" cy="{y}" r="4.5" fill="{colour}"/>'
        f'<text x="{x + 8}" y="{text_y + 4}" fill="{colour}">{escape(label)}</text>'
    )


def _apart(places: Sequence[_Point]) -> list[float]:
    """The heights of the labels: each beside its dot, or below a label that is there already."""
    heights = [y for _, _, y in places]
    set_down: list[tuple[float, float]] = []
    for n in sorted(range(len(places)), key=heights.__getitem__):
        x = places[n][1]
        for other_x, other_y in set_down:
            if abs(other_x - x) < _LABEL[0] and heights[n] < other_y + _LABEL[1]:
                heights[n] = other_y + _LABEL[1]
        set_down.append((x, heights[n]))
    return heights


def _range(shares: Sequence[float]) -> tuple[float, float]:
    margin = max(0.1 * (max(shares) - min(shares)), 0.2)
    return min(shares) - margin, max(shares) + margin


def _ticks(low: float, high: float) -> list[float]:
    """Round values between low and high, three to eight of them."""
    rough = (high - low) / 5
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    first = math.ceil(low / step)
    return [round(n * step, 10) for n in range(first, math.floor(high / step) + 1)]


def _decades(low: float, high: float) -> list[float]:
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [value for n in powers for value in (10.0**n, 2 * 10.0**n, 5 * 10.0**n) if low <= value <= high]
