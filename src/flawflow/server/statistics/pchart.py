"""The p-chart of the report, as SVG; what its classes look like is in the style sheet."""

import math
from collections.abc import Iterator, Sequence

from markupsafe import Markup

from flawflow.server.statistics.series import Point
from flawflow.server.statistics.summary import Summary
from flawflow.server.statistics.wording import WORDS, moment, percent

# Few points have a narrow chart, which a phone shows whole.
_NARROWEST, _WIDEST, _POINT_WIDTH = 340, 760, 44
_HEIGHT, _LEFT, _TOP, _BASE = 220, 56, 12, 184
_TIME_WIDTH = 125
# So many points may be drawn large; one of a thousand would hide its neighbours.
_FEW = 12


def p_chart(summary: Summary) -> Markup:
    """Draw the share of NG of each point with its limits, and both axes with their numbers."""
    points = summary.points
    if not points:
        return Markup("")
    top = _nice(max(max(point.counts.share_ng, point.upper) for point in points))
    width = min(max(_LEFT + _POINT_WIDTH * len(points), _NARROWEST), _WIDEST)
    step = (width - _LEFT) / len(points)

    def y(share: float) -> float:
        return _BASE - (_BASE - _TOP) * share / top

    drawn = [_tick(share, y(share), width) for share in (0.0, top / 2, top)]
    drawn += [
        Markup('<rect class="limits" x="{:.1f}" width="{:.1f}" y="{:.1f}" height="{:.1f}"/>').format(
            _LEFT + index * step, step, y(point.upper), y(point.lower) - y(point.upper)
        )
        for index, point in enumerate(points)
    ]
    centre = y(summary.centre)
    drawn.append(
        Markup('<line class="centre" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>').format(
            _LEFT, width, centre, centre
        )
    )
    radius = 5 if len(points) <= _FEW else 3
    drawn += [
        _mark(point, _LEFT + (index + 0.5) * step, y(point.counts.share_ng), radius)
        for index, point in enumerate(points)
    ]
    drawn += _times(points, step, width)
    svg = '<svg class="p-chart" width="{}" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>'
    return Markup(svg).format(width, width, _HEIGHT, WORDS["over_time"], Markup("").join(drawn))


def _nice(largest: float) -> float:
    """Give the end of a scale for shares up to `largest`, as on the page."""
    if not largest:
        return 0.01
    unit = 10 ** math.floor(math.log10(largest))
    return float(min(1.0, next(step * unit for step in (1, 2, 5, 10) if step * unit >= 0.999999 * largest)))


def _tick(share: float, y: float, width: int) -> Markup:
    return Markup(
        '<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>'
        '<text x="{}" y="{:.1f}" text-anchor="end">{}</text>'
    ).format(_LEFT, width, y, y, _LEFT - 8, y + 4, percent(share))


def _mark(point: Point, x: float, y: float, radius: int) -> Markup:
    title = Markup("<title>{}: {}</title>").format(moment(point.start), percent(point.counts.share_ng))
    if not point.is_out:
        return Markup('<circle class="in" cx="{:.1f}" cy="{:.1f}" r="{}">{}</circle>').format(
            x, y, radius, title
        )
    # As on the page: beyond the limits differs in shape, too, so that no eye needs the colour.
    size = radius + 3
    path = f"M{x:.1f} {y - size:.1f}l{size} {size}l-{size} {size}l-{size} -{size}z"
    return Markup('<path class="out" d="{}">{}</path>').format(path, title)


def _times(points: Sequence[Point], step: float, width: int) -> Iterator[Markup]:
    """Times below the axis, evenly apart; the first and the last point's among them."""
    last = len(points) - 1
    shown = min(len(points), (width - _LEFT) // _TIME_WIDTH)
    for index in sorted({round(place * last / max(shown - 1, 1)) for place in range(shown)}):
        x, anchor = _LEFT + (index + 0.5) * step, "middle"
        if last and index in (0, last):
            x, anchor = (_LEFT, "start") if index == 0 else (width, "end")
        yield Markup('<text x="{:.1f}" y="{}" text-anchor="{}">{}</text>').format(
            x, _HEIGHT - 8, anchor, moment(points[index].start)
        )
