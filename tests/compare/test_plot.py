import xml.etree.ElementTree as ET

import pytest

from flawflow.compare.plan import Variant
from flawflow.compare.plot import plot_svg
from flawflow.compare.summary import Figure, Row
from flawflow.recipe import Recipe


def row(
    label: str, time: float, share: float | None, encoder: str = "lite0", *, deviation: float | None = None
) -> Row:
    figures = {
        "milliseconds": Figure(time, None if deviation is None else 100 * deviation),
        "image_auroc": Figure(share, deviation),
        "pixel_auroc": Figure(share, deviation),
        "aupro": Figure(share, deviation),
    }
    return Row("mean", Variant(label=label, recipe=Recipe.of(encoder=encoder)), 1, figures)


def panels(rows: list[Row]) -> list[ET.Element]:
    return ET.fromstring(plot_svg(rows)).findall("{*}g")


def dots(panel: ET.Element) -> list[tuple[float, float]]:
    return [(float(dot.attrib["cx"]), float(dot.attrib["cy"])) for dot in panel.findall("{*}circle")]


def labels(rows: list[Row]) -> dict[str, float]:
    texts = ET.fromstring(plot_svg(rows)).findall("{*}text[@class='label']")
    return {text.text or "": float(text.attrib["y"]) for text in texts}


def test_more_is_further_right_in_every_panel():
    shown = panels([row("a", 5, 0.90), row("b", 50, 0.95), row("c", 500, 0.99)])
    assert len(shown) == 4
    for panel in shown:
        (a, _), (b, _), (c, _) = dots(panel)
        assert 0 <= a < b < c <= 200
    # Time is logarithmic: ten times as long is as far again.
    assert b - a == pytest.approx(c - b, abs=0.2)


def test_each_variant_has_a_line_of_its_own():
    rows = [row(f"variant {n}", 10, 0.95) for n in range(30)]
    heights = [y for _, y in dots(panels(rows)[0])]
    assert len(set(heights)) == 30
    assert [y + 4 for y in heights] == list(labels(rows).values())


def test_a_bar_reaches_one_deviation_to_either_side():
    for panel in panels([row("a", 20, 0.9, deviation=0.05), row("b", 90, 0.99)]):
        (place, height), (other, _) = dots(panel)
        bars = [
            (float(bar.attrib["x1"]), float(bar.attrib["x2"]))
            for bar in panel.findall("{*}line")
            if float(bar.attrib["y1"]) == float(bar.attrib["y2"]) == height
        ]
        assert len(bars) == 1
        assert bars[0][0] < place < bars[0][1] < other


def test_a_deviation_above_its_mean_stays_within_the_panel():
    panel = panels([row("a", 5, 0.9, deviation=0.1), row("b", 6, 0.9)])[3]
    assert all(
        0 <= float(line.attrib[end]) <= 200 for line in panel.findall("{*}line") for end in ("x1", "x2")
    )


def test_the_first_variant_is_marked_in_every_panel():
    for panel in panels([row("a", 10, 0.9), row("b", 20, 0.99)]):
        places = [line.attrib["x1"] for line in panel.findall("{*}line[@stroke='#9ca3af']")]
        assert [float(place) for place in places] == [dots(panel)[0][0]]


def test_round_numbers_stand_below():
    panel = panels([row("a", 10, 0.912), row("b", 20, 0.987)])[1]
    ticks = [float(text.text or "") for text in panel.findall("{*}text[@text-anchor='middle']")]
    assert ticks == [92, 94, 96, 98]


def test_encoders_are_named_where_there_are_several():
    rows = [row("a", 10, 0.9), row("a", 10, 0.8, "resnet18"), row("<b>", 10, None)]
    assert set(labels(rows)) == {"a · lite0", "a · resnet18", "<b> · lite0"}


def test_what_has_no_figure_has_no_dot():
    rows = [row("a", 10, 0.9), row("b", 10, None)]
    assert [len(dots(panel)) for panel in panels(rows)] == [1, 1, 1, 2]
    assert [len(dots(panel)) for panel in panels(rows[1:])] == [0, 0, 0, 1]
    assert plot_svg(rows[1:]).count("nothing to show") == 3
