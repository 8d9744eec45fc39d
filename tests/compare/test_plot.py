import xml.etree.ElementTree as ET
from itertools import pairwise

from flawflow.compare.plan import Variant
from flawflow.compare.plot import plot_svg
from flawflow.compare.summary import Figure, Row


def row(label: str, time: float, share: float | None, encoder: str = "lite0") -> Row:
    figures = {"milliseconds": Figure(time), "pixel_auroc": Figure(share), "aupro": Figure(share)}
    return Row("mean", Variant(label=label, encoder=encoder), 1, figures)


def drawn(rows: list[Row]) -> tuple[list[tuple[float, float]], dict[str, float]]:
    """Dots of the first panel, and the heights of its labels."""
    panel = ET.fromstring(plot_svg(rows)).find("{*}g")
    assert panel is not None
    dots = [(float(dot.attrib["cx"]), float(dot.attrib["cy"])) for dot in panel.findall("{*}circle")]
    labels = {
        text.text or "": float(text.attrib["y"]) for text in panel.findall("{*}text") if "fill" in text.attrib
    }
    return dots, labels


def test_faster_is_left_and_better_is_up():
    (fast, slow, best), _ = drawn([row("a", 5, 0.9), row("b", 50, 0.9), row("c", 50, 0.99)])
    assert fast[0] < slow[0] == best[0]
    assert fast[1] == slow[1] > best[1]


def test_equal_points_have_labels_apart():
    _, labels = drawn([row("a", 10, 0.95), row("b", 10, 0.95), row("c", 11, 0.95)])
    heights = sorted(labels.values())
    assert min(b - a for a, b in pairwise(heights)) >= 13


def test_encoders_are_named_where_there_are_several():
    _, labels = drawn([row("a", 10, 0.9), row("a", 10, 0.8, "resnet18"), row("<b>", 10, None)])
    assert set(labels) == {"a · lite0", "a · resnet18"}


def test_what_has_no_figure_has_no_dot():
    dots, _ = drawn([row("a", 10, 0.9), row("b", 10, None)])
    assert len(dots) == 1
