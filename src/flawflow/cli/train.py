"""flawflow train: good pictures in, one model file out."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flawflow.cli.group import after_interrupt
from flawflow.cli.options import (
    EXIT_LEFT_OUT,
    PLACE,
    dataset_options,
    device_option,
    require_new,
    say_left_out,
)
from flawflow.cli.recipe import recipe_options
from flawflow.errors import one_line
from flawflow.recipe import Recipe
from flawflow.training.requirements import require_training

if TYPE_CHECKING:
    from flawflow.datasets import Dataset
    from flawflow.training.train import TrainingResult

_SUSPECTS_SHOWN = 10


@click.command("train", short_help="Train a model on good pictures.")
@dataset_options
@click.option("-o", "--output", type=PLACE, required=True, help="The model file to write.")
@recipe_options(
    "detector", "flow", "encoder", "weights", "size", "every", "calibration", "roi", "ignore",
    "exclude_suspects", "augment", "robust", "tiles", "explain", "seed",
)  # fmt: skip
@device_option
@click.option("--resume", is_flag=True, help="Resume an interrupted training of the same output.")
@click.option("--keep-work", is_flag=True, help="Keep the trainable weights in OUTPUT.training.")
@click.option("--overwrite", is_flag=True, help="Replace the model file if it exists.")
def command(*, dataset: "Dataset", output: Path, recipe: Recipe, overwrite: bool, **options: Any) -> None:
    """Learn what a good part looks like from the good training pictures of DATA.

    DATA is a folder of good pictures or videos, a data set in the layout of MVTec AD (train/good/...), or a
    manifest (.csv). Only good training pictures are used, also for the threshold.

    Pictures that differ from all others may be defective: they are listed, with overlays in OUTPUT.suspects.
    About 1 % of good pictures are suspected too, so check them first.

    \b
    Exit codes:
      0  the model was written
      2  nothing was written
      3  the model was written, but some pictures could not be read and were left out
    """
    require_new(output, overwrite=overwrite)
    result = run_training(dataset, output, recipe, **options)
    click.echo(f"Next: flawflow inspect {shlex.quote(str(result.model))} PICTURES... -o results")
    if result.failures:
        raise click.exceptions.Exit(EXIT_LEFT_OUT)


def run_training(dataset: "Dataset", output: Path, recipe: Recipe, **options: Any) -> "TrainingResult":
    """Train with the options of `flawflow.train`, show progress and print what was learned."""
    require_training()
    from flawflow.cli.progress import ProgressDisplay
    from flawflow.training.train import train

    after_interrupt("interrupted; run the same command with --resume to continue")
    with ProgressDisplay() as display:
        result = train(
            dataset,
            output,
            recipe,
            on_progress=lambda step: display.update(step.stage, step.done, step.total, step.note),
            **options,
        )
    _print_result(result)
    _print_suspects(result, excluded=recipe.exclude_suspects)
    return result


def _print_result(result: "TrainingResult") -> None:
    from flawflow.report.wording import counted, duration, promise, rule, tiles_sentence

    calibration = result.card.calibration
    for note in result.notes:
        click.echo(one_line(note))
    size = result.model.stat().st_size / 1e6
    click.echo(
        f"Trained on {counted(result.image_count, 'good picture')} in {duration(result.seconds)}: "
        f"{one_line(str(result.model))} ({size:.1f} MB)"
    )
    click.echo(rule(calibration))
    click.echo(promise(calibration))
    if result.card.tiles is not None:
        click.echo(f"Pictures are inspected {tiles_sentence(result.card.tiles)}.")
    say_left_out([sentence for _, sentence in result.failures], "picture could not be read")


def _print_suspects(result: "TrainingResult", *, excluded: bool) -> None:
    from flawflow.report.suspects import write_suspects
    from flawflow.report.wording import counted

    folder = write_suspects(result.model, result.suspects, excluded=excluded)
    if folder is None:
        return
    count = counted(len(result.suspects), "picture")
    done = "left out" if excluded else "used all the same; --exclude-suspects leaves them out"
    click.echo(f"{count} among the good ones may be defective ({done}):")
    for suspect in result.suspects[:_SUSPECTS_SHOWN]:
        click.echo(f"  {one_line(str(suspect.path))}: {suspect.reason}")
    if len(result.suspects) > _SUSPECTS_SHOWN:
        click.echo(f"  and {len(result.suspects) - _SUSPECTS_SHOWN} more")
    click.echo(f"Look at them: {one_line(str(folder))}")
