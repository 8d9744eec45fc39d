"""What was measured of each variant, side by side, as one SVG."""

import math
from collections.abc import Callable, Sequence
from html import escape

from flawflow.compare.summary import Figure, Row

_PANEL, _GAP, _LINE, _TOP, _BOTTOM = 200, 28, 22, 44, 30
_LETTER = 6.8
_COLOUR = "#0b6e99"
# Measure, title, how many of its units make 1, and whether its axis is logarithmic.
_PANELS = (
    ("image_auroc", "Image AUROC, %", 100, False),
    ("pixel_auroc", "Pixel AUROC, %", 100, False),
    ("aupro", "AUPRO, %", 100, False),
    ("milliseconds", "ms a picture", 1, True),
)


def plot_svg(rows: Sequence[Row]) -> str:
    """Draw a line a variant, with a dot for each measure and its standard deviation over seeds.

    The rows of the first category count: the mean where there is one. A grey line marks the first variant.
    What has no such figure has no dot.
    """
    first = [row for row in rows if row.category == rows[0].category]
    several = len({row.variant.encoder for row in first}) > 1
    labels = [
        f"{row.variant.label} · {row.variant.encoder}" if several else row.variant.label for row in first
    ]
    left = round(_LETTER * max(len(label) for label in labels)) + 20
    foot = _TOP + _LINE * len(first)
    parts = [
        f'<rect y="{_TOP + _LINE * n}" width="100%" height="{_LINE}" fill="#f5f6f8"/>'
        for n in range(0, len(first), 2)
    ]
    parts += [
        f'<text class="label" x="{left - 12}" y="{_height(n) + 4}" text-anchor="end">{escape(label)}</text>'
        for n, label in enumerate(labels)
    ]
    for n, (measure, title, units, logarithmic) in enumerate(_PANELS):
        figures = [_scaled(row.figures.get(measure), units) for row in first]
        panel = _panel(title, figures, logarithmic=logarithmic, foot=foot)
        parts.append(f'<g transform="translate({left + n * (_PANEL + _GAP)} 0)">{panel}</g>')
    width = left + len(_PANELS) * (_PANEL + _GAP)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {foot + _BOTTOM}" width="{width}" '
        f'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>'
        f"{''.join(parts)}</svg>\n"
    )


def _scaled(figure: Figure | None, units: int) -> tuple[float, float] | None:
    """Mean and deviation in the panel's units, None where there is no mean."""
    if figure is None or figure.mean is None:
        return None
    return units * figure.mean, units * (figure.deviation or 0.0)


def _panel(title: str, figures: Sequence[tuple[float, float] | None], *, logarithmic: bool, foot: int) -> str:
    head = f'<text x="0" y="22" font-weight="bold">{title}</text>'
    known = [figure for figure in figures if figure is not None]
    if not known:
        return f'{head}<text x="0" y="{_height(0) + 4}" fill="#555">nothing to show</text>'
    # A deviation larger than its mean has no place on a logarithmic axis.
    ends = [end for mean, deviation in known for end in (mean - deviation, mean, mean + deviation)]
    x, ticks = (_logarithmic if logarithmic else _linear)([end for end in ends if end > 0 or not logarithmic])
    marks = "".join(
        f'<line x1="{x(value)}" x2="{x(value)}" y1="{_TOP - 8}" y2="{foot}" stroke="#e5e7eb"/>'
        f'<text x="{x(value)}" y="{foot + 18}" text-anchor="middle" fill="#555">{value:g}</text>'
        for value in ticks
    )
    if figures[0] is not None:
        place = x(figures[0][0])
        marks += f'<line x1="{place}" x2="{place}" y1="{_TOP - 8}" y2="{foot}" stroke="#9ca3af"/>'
    dots = "".join(
        _dot(x, _height(n), *figure, logarithmic=logarithmic)
        for n, figure in enumerate(figures)
        if figure is not None
    )
    return head + marks + dots


def _dot(x: Callable[[float], float], y: int, mean: float, deviation: float, *, logarithmic: bool) -> str:
    low = max(mean - deviation, mean / 10) if logarithmic else mean - deviation
    bar = (
        f'<line x1="{max(0.0, x(low))}" x2="{x(mean + deviation)}" y1="{y}" y2="{y}" stroke="{_COLOUR}"/>'
        if deviation
        else ""
    )
    return f'{bar}<circle cx="{x(mean)}" cy="{y}" r="4.5" fill="{_COLOUR}"/>'


def _height(line: int) -> int:
    return _TOP + _LINE * line + _LINE // 2


def _linear(values: Sequence[float]) -> tuple[Callable[[float], float], list[float]]:
    """The axis over values, from number to place, and round numbers on it."""
    margin = max(0.08 * (max(values) - min(values)), 0.2)
    low, high = min(values) - margin, max(values) + margin
    rough = (high - low) / 5
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    ticks = range(math.ceil(low / step), math.floor(high / step) + 1)
    return lambda value: _place(value, low, high), [round(n * step, 10) for n in ticks]


def _logarithmic(values: Sequence[float]) -> tuple[Callable[[float], float], list[float]]:
    low, high = math.log10(min(values)) - 0.1, math.log10(max(values)) + 0.1
    powers = [10.0**n for n in range(math.floor(low), math.ceil(high) + 1)]
    ticks = [power * factor for power in powers for factor in (1, 2, 5)]
    return (
        lambda value: _place(math.log10(value), low, high),
        [tick for tick in ticks if low <= math.log10(tick) <= high],
    )


def _place(value: float, low: float, high: float) -> float:
    return round((value - low) / (high - low) * _PANEL, 1)
