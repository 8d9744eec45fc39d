from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np

from flawflow.decision.drift import Drift, Finding
from flawflow.inspection.inspection import Failure, Inspection
from flawflow.model_file.card import Card
from flawflow.report.gallery import Exhibit
from flawflow.report.page import render_page
from flawflow.report.summary import Summary
from flawflow.report.wording import WHOLE_IMAGE
from flawflow.results.record import record_of

MakeInspection = Callable[..., Inspection]
CALM = Drift((), None, compared=7, reference=90, false_alarm_rate=0.01)
HOSTILE = "<script>alert(1)</script>\"'&$model.png"


class Elements(HTMLParser):
    """Collects tags with their attributes, and fails on tags that are not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "input", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def elements(page: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = Elements()
    parser.feed(page)
    assert parser.open == []
    return parser.found


def render(
    card: Card, outcomes: list[Inspection | Failure], *, model: str = "gear.flaw", drift: Drift = CALM
) -> str:
    summary = Summary(model=model)
    exhibits = []
    for outcome in outcomes:
        record = record_of(outcome)
        if isinstance(outcome, Inspection):
            record = replace(record, overlay="overlays/a b.jpg")
        summary.add(record)
        if isinstance(outcome, Inspection):
            exhibits.append(Exhibit(record, b"picture", b"overlay"))
    return render_page(summary, card, exhibits, drift)


def test_the_page_says_what_was_found(card: Card, make_inspection: MakeInspection):
    hot, warm = np.full((4, 4), 99.0), np.full((4, 4), 9.65)
    page = render(
        card,
        [
            make_inspection(Path("bad.png"), anomaly_map=hot),
            make_inspection(Path("odd.png"), anomaly_map=warm),
            make_inspection(Path("good.png")),
        ],
    )
    for mark in ("▲ NG", "◆ REVIEW", "● OK"):
        assert f">{mark}</span> <b>score" in page
        assert f"<strong>1</strong><span>{mark}: " in page
        assert f"{mark} (1)</label>" in page
    assert "NG when its score is above 9.9, and REVIEW when it is above 9.5." in page
    assert "higher than all 99 good parts" in page
    assert "most good parts score this high" in page
    assert "40 good pictures of gears" in page
    assert "All inspected pictures" in page
    assert 'href="overlays/a%20b.jpg"' in page
    verdicts = [attributes["data-verdict"] for tag, attributes in elements(page) if tag == "figure"]
    assert verdicts == ["NG", "REVIEW", "OK"]
    assert WHOLE_IMAGE not in page


def test_the_page_says_where_no_place_explains_a_score(card: Card, make_inspection: MakeInspection):
    found = make_inspection(Path("bad.png"), anomaly_map=np.full((4, 4), 99.0))
    page = render(card, [replace(found, whole_image=True)])
    assert page.count("Something is missing or too much: no single place explains the score.") == 1


def test_nothing_from_outside_is_asked_for(card: Card, make_inspection: MakeInspection):
    found = elements(render(card, [make_inspection(Path("a.png"))]))
    for tag, attributes in found:
        assert tag not in ("link", "iframe", "object", "embed")
        assert (attributes.get("src") or "data:").startswith("data:")
        assert "://" not in (attributes.get("href") or "")
    policies = [a["content"] for tag, a in found if a.get("http-equiv") == "Content-Security-Policy"]
    assert policies
    assert policies[0].startswith("default-src 'none'")


def test_names_cannot_become_markup(card: Card, make_inspection: MakeInspection):
    outcomes = [make_inspection(Path(HOSTILE)), Failure(Path(HOSTILE), f"{HOSTILE} is cut short")]
    page = render(card, outcomes, model=HOSTILE)
    assert "<script>alert" not in page
    assert [tag for tag, _ in elements(page)].count("script") == 1


def test_a_run_without_one_good_picture_still_has_a_page(card: Card):
    page = render(card, [Failure(Path("a.png"), "a.png is empty"), Failure(None, "no picture")])
    elements(page)
    assert "2 pictures could not be read" in page
    assert "a.png is empty" in page
    assert "(no path): no picture" in page
    assert "no scores" in page


def test_a_page_that_leaves_pictures_out_says_so(card: Card, make_inspection: MakeInspection):
    summary = Summary(model="m")
    records = [record_of(make_inspection(Path(f"{i}.png"))) for i in range(3)]
    for record in records:
        summary.add(record)
    page = render_page(summary, card, [Exhibit(records[0], b"", b"")], CALM)
    assert "1 of 3 pictures: the most anomalous ones and an even sample" in page


def test_endless_failures_do_not_make_an_endless_page(card: Card):
    page = render(card, [Failure(Path(f"{i}.png"), "broken") for i in range(700)])
    assert "700 pictures could not be read" in page
    assert "200 more" in page


def test_a_change_of_camera_or_light_is_shown(card: Card, make_inspection: MakeInspection):
    shown = [make_inspection(Path("a.png"))]
    calm = render(card, shown)
    elements(calm)
    assert "No sign that camera or lighting have changed (7 OK pictures compared with 90 of" in calm
    assert 'class="drift"' in calm
    finding = Finding("brightness", "brighter", 12, HOSTILE, 0.4, 0.43)
    drift = Drift((finding,), "Most pictures are not OK.", 30, 90, 0.01)
    changed = render(card, shown, drift=drift)
    elements(changed)
    assert 'class="drift alarm"' in changed
    assert "Most pictures are not OK." in changed
    assert "without a change this is said with a probability of at most 1 %" in changed
    assert "brighter (brightness 0.4 before, 0.43 lately), certain from OK picture 12" in changed
    assert "<script>alert" not in changed
    unknown = render(card, shown, drift=Drift((), None, 0, 0, 0.01))
    assert "has no drift baseline to compare with" in unknown
