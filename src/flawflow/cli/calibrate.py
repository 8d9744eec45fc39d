"""flawflow calibrate: other thresholds for a model, by good pictures, without training."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flawflow.cli.engine_options import engine_option
from flawflow.cli.group import after_interrupt
from flawflow.cli.options import (
    EXIT_LEFT_OUT,
    PLACE,
    at_rates,
    limit_option,
    rate_options,
    require_new,
    say_left_out,
    say_notes,
)
from flawflow.errors import DatasetError, one_line

if TYPE_CHECKING:
    from flawflow.inspection.calibrate import Measurement
    from flawflow.inspection.inspector import Inspector
    from flawflow.model_file.card import Card

_HIGHEST_SHOWN = 3


@click.command("calibrate", short_help="Recalibrate a model's thresholds on good pictures.")
@click.argument("model", type=PLACE)
@click.argument("good", nargs=-1)
@click.option("-o", "--output", type=PLACE, required=True, help="The model file to write.")
@click.option("--add", is_flag=True, help="Add to the good pictures of the earlier calibration.")
@rate_options
@engine_option
@limit_option
@click.option("--overwrite", is_flag=True, help="Replace the model file if it exists.")
def command(
    *,
    model: Path,
    good: tuple[str, ...],
    output: Path,
    add: bool,
    overwrite: bool,
    engine: str,
    false_reject_rate: float | None,
    review_rate: float | None,
) -> None:
    """Set the thresholds of MODEL by GOOD pictures (files, folders or patterns), without training.

    GOOD are pictures of good parts that MODEL was not trained on, taken like the pictures to inspect.
    They replace those of the earlier calibration, as a new camera or lighting requires; with --add they are
    added, and pixel threshold and colormap range stay. Without GOOD only the rates change.

    \b
    Exit codes:
      0  the model was written
      2  nothing was written: wrong usage, no such model, no pictures
      3  the model was written, but some pictures could not be read and were left out
    """
    from flawflow.inspection.inspector import Inspector
    from flawflow.model_file import read_model, replace_card
    from flawflow.report.wording import counted, promise, rule
    from flawflow.runtime.canary_check import record_canaries

    if not good and false_reject_rate is None and review_rate is None:
        raise click.UsageError("Give good pictures, or a rate.")
    require_new(output, overwrite=overwrite)
    inspector = Inspector.load(model, engine=engine)
    card, before = inspector.card, len(inspector.card.calibration.all_scores)
    calibration = at_rates(card.calibration, false_reject_rate=false_reject_rate, review_rate=review_rate)
    card, unreadable = replace(card, calibration=calibration), 0
    if good:
        card, unreadable = _recalibrated(inspector, card, good, add=add)
    if not card.canaries:
        card = replace(card, canaries=record_canaries(read_model(model).graph, card.size))
    replace_card(model, output, card)
    count = counted(len(card.calibration.all_scores), "good picture")
    click.echo(f"{one_line(str(output))} is calibrated by {count} ({before:,} before).")
    click.echo(rule(card.calibration))
    click.echo(promise(card.calibration))
    if unreadable:
        raise click.exceptions.Exit(EXIT_LEFT_OUT)


def _recalibrated(
    inspector: "Inspector", card: "Card", good: tuple[str, ...], *, add: bool
) -> tuple["Card", int]:
    """Measure the good pictures with progress; give the new card and how many could not be read."""
    from flawflow.cli.progress import ProgressDisplay
    from flawflow.images import search
    from flawflow.inspection.calibrate import Measurement, measure_good, recalibrate
    from flawflow.inspection.inspection import Failure

    found = search(good)
    paths = found.pictures
    after_interrupt("interrupted; nothing was written")
    outcomes: list[Measurement | Failure] = []
    with ProgressDisplay() as progress:
        for outcome in measure_good(inspector.measure_prepared, paths, inspector.roi_mask):
            outcomes.append(outcome)
            progress.update("measuring", len(outcomes), len(paths))
    measured = [outcome for outcome in outcomes if isinstance(outcome, Measurement)]
    failures = [outcome.error for outcome in outcomes if isinstance(outcome, Failure)]
    if not measured:
        raise DatasetError(f"none of the pictures can be read, so nothing was written: {failures[0]}")
    say_notes(found.notes)
    say_left_out(failures, "picture could not be read")
    show_highest(measured)
    return recalibrate(card, measured, add=add), len(failures)


def show_highest(measured: Sequence["Measurement"]) -> None:
    """Name the pictures that decide: a defective one among the good ones would let its like pass."""
    click.echo("The most unusual of them; check that they are good:")
    for measurement in sorted(measured, key=lambda measurement: -measurement.score)[:_HIGHEST_SHOWN]:
        click.echo(f"  {one_line(str(measurement.path))} (score {measurement.score:.4g})")
