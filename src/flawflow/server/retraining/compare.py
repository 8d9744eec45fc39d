"""The old and the new model on the reviewed pictures that neither was trained on."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from flawflow.errors import ImageError
from flawflow.inspection.inspector import Inspector
from flawflow.inspection.parallel import in_order
from flawflow.metrics.ranking import auroc
from flawflow.model_file import replace_card
from flawflow.server.retraining.dataset import DatasetVersion, Picture


def compare(
    data: DatasetVersion,
    old: Inspector,
    new: Inspector,
    *,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> dict[str, Any]:
    """Measure two models side by side on a data set's test pictures.

    Args:
        data: The data set.
        old: The one model, with the rates that it judges by.
        new: The other.
        progress: Called with (done, all) after each picture.

    Returns:
        `count`; for each model `image_auroc` (null where good or bad pictures are missing),
        `false_rejects` (good pictures judged NG) and `missed` (bad ones judged OK); and each picture's
        inspection, label, scores and verdicts.
    """
    tested = data.tested()

    def look(picture: Picture) -> dict[str, Any] | None:
        path = data.path / picture.place / picture.file
        try:
            judged = {"old": _judged(old, path), "new": _judged(new, path)}
        except ImageError:
            return None
        return {"id": picture.inspection, "label": picture.place.removeprefix("test/"), **judged}

    found: list[dict[str, Any]] = []
    for done, picture in enumerate(in_order(look, tested), start=1):
        if picture is not None:
            found.append(picture)
        progress(done, len(tested))
    return {
        "count": len(found),
        **{which: measures(found, which) for which in ("old", "new")},
        "pictures": found,
    }


def at_rates_of(judge: Inspector, other: Inspector) -> Inspector:
    """A model that judges by its own calibration, at the rates of another."""
    rates = judge.card.calibration
    return other.with_calibration(
        other.card.calibration.with_rates(
            false_reject_rate=rates.false_reject_rate, review_rate=rates.review_rate
        )
    )


def give_rates_of(judge: Inspector, file: Path) -> Inspector:
    """Let a model file judge at the rates of another model, and load it.

    A training knows the usual rates only, and a switch to what it made shall not change those that hold.
    """
    new = at_rates_of(judge, Inspector.load(file, threads=1))
    replace_card(file, file, new.card)
    return new


def _judged(inspector: Inspector, path: Path) -> dict[str, Any]:
    _, score = inspector.measure(path)
    return {"score": score, "verdict": inspector.card.calibration.verdict(score)}


def measures(pictures: Sequence[dict[str, Any]], which: str) -> dict[str, Any]:
    """Sum up what one of two models makes of pictures, as `compare` gives it."""
    labels = [picture["label"] == "bad" for picture in pictures]
    judged = [picture[which] for picture in pictures]
    verdicts = list(zip(labels, (each["verdict"] for each in judged), strict=True))
    return {
        "image_auroc": auroc(labels, [each["score"] for each in judged]) if len(set(labels)) == 2 else None,
        "false_rejects": sum(not bad and verdict == "NG" for bad, verdict in verdicts),
        "missed": sum(bad and verdict == "OK" for bad, verdict in verdicts),
    }
