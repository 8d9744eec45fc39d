"""What was measured of each variant, side by side, as one SVG."""

from collections.abc import Sequence
from html import escape

from flawflow.compare.summary import Figure, Row
from flawflow.report.axis import Axis

_PANEL, _GAP, _LINE, _TOP, _BOTTOM = 200, 28, 22, 44, 30
_LETTER_PIXELS = 6.8
_COLOUR = "#0b6e99"
# Measure, title, how many of its units make 1, and whether its axis is logarithmic.
_PANELS = (
    ("image_auroc", "Image AUROC, %", 100, False),
    ("pixel_auroc", "Pixel AUROC, %", 100, False),
    ("aupro", "AUPRO, %", 100, False),
    ("milliseconds", "ms a picture", 1, True),
)

# One deviation below the mean, the mean, one above.
_Reach = tuple[float, float, float]


def plot_svg(rows: Sequence[Row]) -> str:
    """Draw a line a variant, with a dot for each measure and its standard deviation over seeds.

    The rows of the first category count: the mean where there is one. A grey line marks the first variant.
    What has no such figure has no dot.
    """
    first = [row for row in rows if row.category == rows[0].category]
    several = len({row.variant.recipe.encoder for row in first}) > 1
    labels = [row.variant.label + (f" · {row.variant.recipe.encoder}" if several else "") for row in first]
    left = round(_LETTER_PIXELS * max(len(label) for label in labels)) + 20
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
        figures = [_reach(row.figures[measure], units, logarithmic=logarithmic) for row in first]
        panel = _panel(title, figures, logarithmic=logarithmic, foot=foot)
        parts.append(f'<g transform="translate({left + n * (_PANEL + _GAP)} 0)">{panel}</g>')
    width = left + len(_PANELS) * (_PANEL + _GAP)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {foot + _BOTTOM}" width="{width}" '
        f'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>'
        f"{''.join(parts)}</svg>\n"
    )


def _reach(figure: Figure, units: int, *, logarithmic: bool) -> _Reach | None:
    """Mean and one deviation to either side in the panel's units, None where there is no mean."""
    if figure.mean is None:
        return None
    mean, deviation = units * figure.mean, units * (figure.deviation or 0.0)
    low = mean - deviation
    # A deviation as large as its mean has no place on a logarithmic axis.
    return max(low, mean / 10) if logarithmic else low, mean, mean + deviation


def _panel(title: str, figures: Sequence[_Reach | None], *, logarithmic: bool, foot: int) -> str:
    head = f'<text x="0" y="22" font-weight="bold">{title}</text>'
    ends = [end for figure in figures if figure is not None for end in figure]
    if not ends:
        return f'{head}<text x="0" y="{_height(0) + 4}" fill="#555">nothing to show</text>'
    x = _axis(ends, logarithmic=logarithmic)
    marks = "".join(
        f'<line x1="{x(value)}" x2="{x(value)}" y1="{_TOP - 8}" y2="{foot}" stroke="#e5e7eb"/>'
        f'<text x="{x(value)}" y="{foot + 18}" text-anchor="middle" fill="#555">{value:g}</text>'
        for value in x.ticks(5)
    )
    if figures[0] is not None:
        place = x(figures[0][1])
        marks += f'<line x1="{place}" x2="{place}" y1="{_TOP - 8}" y2="{foot}" stroke="#9ca3af"/>'
    dots = "".join(_dot(x, _height(n), *figure) for n, figure in enumerate(figures) if figure is not None)
    return head + marks + dots


def _dot(x: Axis, y: int, low: float, mean: float, high: float) -> str:
    bar = f'<line x1="{x(low)}" x2="{x(high)}" y1="{y}" y2="{y}" stroke="{_COLOUR}"/>' if low < high else ""
    return f'{bar}<circle cx="{x(mean)}" cy="{y}" r="4.5" fill="{_COLOUR}"/>'


def _height(line: int) -> int:
    return _TOP + _LINE * line + _LINE // 2


def _axis(values: Sequence[float], *, logarithmic: bool) -> Axis:
    """The axis over values, with some room at its ends."""
    if logarithmic:
        return Axis(min(values) * 10**-0.1, max(values) * 10**0.1, 0, _PANEL, is_logarithmic=True)
    margin = max(0.08 * (max(values) - min(values)), 0.2)
    return Axis(min(values) - margin, max(values) + margin, 0, _PANEL)
