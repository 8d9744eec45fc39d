"""flawflow adapt: a model for another light, by a few good pictures under it, without training."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from flawflow.cli.calibrate import show_highest
from flawflow.cli.group import after_interrupt
from flawflow.cli.options import EXIT_LEFT_OUT, PLACE, limit_option, require_new, say_left_out, say_notes
from flawflow.errors import ModelFileError, one_line

if TYPE_CHECKING:
    from flawflow.inspection.adapt import Adapted

# A share of pictures that chance does not put above a threshold.
_MANY = 0.25


@click.command("adapt", short_help="Bring a model to another light by a few good pictures.")
@click.argument("model", type=PLACE)
@click.argument("good", nargs=-1, required=True)
@click.option("-o", "--output", type=PLACE, required=True, help="The model file to write.")
@limit_option
@click.option("--overwrite", is_flag=True, help="Replace the model file when it exists.")
def command(*, model: Path, good: tuple[str, ...], output: Path, overwrite: bool) -> None:
    """Adapt MODEL to the light of GOOD pictures (files, folders or patterns), without training.

    GOOD are 8 to 30 pictures of good parts that MODEL was not trained on, taken as the pictures to inspect
    will be. One half of them finds what has become of the light, the other half calibrates the new model.

    \b
    Exit codes:
      0  the model was written
      2  nothing was written: wrong usage, no such model, too few pictures
      3  the model was written, but some pictures could not be read and were left out
    """
    from flawflow.cli.progress import ProgressDisplay
    from flawflow.images import search
    from flawflow.inspection.adapt import adapt
    from flawflow.model_file import read_model, write_model

    require_new(output, overwrite=overwrite)
    content = read_model(model)
    found = search(good)
    after_interrupt("interrupted; nothing was written")
    try:
        with ProgressDisplay() as progress:
            adapted = adapt(
                content, found.pictures, lambda step: progress.update(step.stage, step.done, step.total)
            )
    except ModelFileError as error:
        raise ModelFileError(f"{model}: {error}") from None
    say_notes(found.notes)
    say_left_out(adapted.unreadable, "picture could not be read")
    show_highest(adapted.measured)
    write_model(output, adapted.graph, adapted.card)
    _say(output, adapted)
    if adapted.unreadable:
        raise click.exceptions.Exit(EXIT_LEFT_OUT)


def _say(output: Path, adapted: "Adapted") -> None:
    from flawflow.report.wording import counted, promise, rule

    made = adapted.card.adaptation
    assert made is not None
    click.echo(
        f"{one_line(str(output))} is adapted by {counted(made.fitted_by, 'good picture')} and calibrated by "
        f"{counted(made.calibrated_by, 'other')}."
    )
    click.echo(rule(adapted.card.calibration))
    click.echo(promise(adapted.card.calibration))
    earlier = len(adapted.card.calibration.all_scores) - len(adapted.measured)
    click.echo(f"The estimate counts {counted(earlier, 'score')} of the earlier calibration, too.")
    if adapted.still_unlike > _MANY * len(adapted.measured):
        click.echo(
            f"{adapted.still_unlike:,} of {counted(len(adapted.measured), 'picture')} still score above the "
            "earlier threshold of NG: more has changed than a correction of the light undoes, and a model "
            "that is trained on such pictures finds more."
        )
