"""The axis that all charts share: from values to places, its ticks, grid and thresholds as SVG."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

SCORE_LABEL = "score (higher is more anomalous)"


@dataclass(frozen=True)
class Axis:
    """Values from `low` to `high` at places from `start` to `end`, in pixels; the axis may run upwards.

    Attributes:
        low: The lowest value.
        high: The highest, above `low`.
        start: Where `low` is.
        end: Where `high` is.
        is_logarithmic: Whether equal factors are equally far apart; values are positive then.
    """

    low: float
    high: float
    start: float
    end: float
    is_logarithmic: bool = False

    def __call__(self, value: float) -> float:
        """Where a value is.

        >>> Axis(0, 10, 100, 200)(2.5), Axis(1, 100, 0, 50, is_logarithmic=True)(10)
        (125.0, 25.0)
        """
        low, high, place = self.low, self.high, value
        if self.is_logarithmic:
            low, high, place = (math.log10(number) for number in (low, high, value))
        return round(self.start + (place - low) / (high - low) * (self.end - self.start), 2)

    def ticks(self, count: int) -> list[float]:
        """Round numbers on the axis, about `count` of them; a logarithmic one has 1, 2, 5, 10 and so on."""
        if not self.is_logarithmic:
            return round_ticks(self.low, self.high, count)
        powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        steps = (10.0**power * factor for power in powers for factor in (1, 2, 5))
        return [step for step in steps if self.low <= step <= self.high]


def round_ticks(low: float, high: float, count: int) -> list[float]:
    """Give round numbers between two values, about `count` of them.

    >>> round_ticks(0.0, 1.0, 4)
    [0.0, 0.5, 1.0]
    """
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    first, last = math.ceil(low / step), math.floor(high / step)
    return [round(number * step, 12) for number in range(first, last + 1)]


def bottom_axis(axis: Axis, floor: float, *, count: int, label: str, tick: int = 4) -> str:
    """Draw a line from left to right with ticks, their values and a label below it.

    Args:
        axis: From left to right.
        floor: Where the line is.
        count: About how many ticks.
        label: What the values are.
        tick: The length of a tick.
    """
    ticks = "".join(
        f'<line class="axis" x1="{axis(value)}" x2="{axis(value)}" y1="{floor}" y2="{floor + tick}"/>'
        f'<text x="{axis(value)}" y="{floor + tick + 13}" text-anchor="middle">{value:g}</text>'
        for value in axis.ticks(count)
    )
    middle = (axis.start + axis.end) / 2
    return (
        f'<line class="axis" x1="{axis.start}" x2="{axis.end}" y1="{floor}" y2="{floor}"/>{ticks}'
        f'<text class="label" x="{middle}" y="{floor + 36}" text-anchor="middle">{escape(label)}</text>'
    )


def side_grid(axis: Axis, values: Iterable[float], left: float, right: float) -> str:
    """Draw a line from left to right at each value of an axis that runs upwards, its value beside it."""
    return "".join(
        f'<line class="grid" x1="{left}" x2="{right}" y1="{axis(value)}" y2="{axis(value)}"/>'
        f'<text x="{left - 6}" y="{axis(value) + 4}" text-anchor="end">{value:g}</text>'
        for value in values
    )


def upright_thresholds(axis: Axis, floor: float, *, ng: float, review: float) -> str:
    """Draw the thresholds on an axis from left to right, each label in its own row, above all lines."""
    lines, labels = "", ""
    for verdict, value, row in [("NG", ng, 12)] + ([("REVIEW", review, 28)] if review < ng else []):
        x = axis(value)
        lines += f'<line class="threshold" x1="{x}" x2="{x}" y1="{row - 9}" y2="{floor}"/>'
        # REVIEW lies left of NG, and so does its label where there is room for it.
        room = axis.start + (106 if verdict == "REVIEW" else (axis.end - axis.start) / 2)
        anchor, offset = ("end", -5) if x > room else ("start", 5)
        labels += (
            f'<text class="threshold" x="{round(x + offset, 2)}" y="{row}" text-anchor="{anchor}">'
            f"{verdict} above {value:.4g}</text>"
        )
    return lines + labels
