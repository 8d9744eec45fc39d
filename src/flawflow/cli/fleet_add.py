"""flawflow fleet add: a further product for a file of many, in seconds."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from flawflow.cli.fleet_joint import say_confusion
from flawflow.cli.group import after_interrupt
from flawflow.cli.options import (
    EXIT_LEFT_OUT,
    PLACE,
    dataset_options,
    device_option,
    require_new,
    say_left_out,
)
from flawflow.cli.recipe import set_option
from flawflow.errors import one_line
from flawflow.training.requirements import require_training

if TYPE_CHECKING:
    from flawflow.datasets import Dataset
    from flawflow.metrics import Evaluation
    from flawflow.progress import Progress

_MEASURES = ("image_auroc", "pixel_auroc", "aupro")


@click.command("add", short_help="Add a product to a file of many.")
@click.argument("model", type=PLACE)
@click.argument("name")
@dataset_options
@click.option("-o", "--output", type=PLACE, required=True, help="The file to write.")
@set_option
@device_option
@click.option(
    "--compare", is_flag=True, help="Train a model of its own, too, and print what the shared flows cost."
)
@click.option("--overwrite", is_flag=True, help="Replace the file if it exists.")
def command(
    *,
    model: Path,
    name: str,
    dataset: "Dataset",
    output: Path,
    settings: tuple[str, ...],
    device: str,
    compare: bool,
    overwrite: bool,
) -> None:
    """Add the product NAME, by the good training pictures of DATA, to a MODEL of fleet train --joint.

    Only the product's own statistics are learned: the flows that the others share stay as they are, and so
    does every other product, bit for bit.

    \b
    Exit codes:
      0  the file was written
      2  nothing was written
      3  the file was written, but some pictures could not be read and were left out
    """
    require_training()
    from flawflow.cli.progress import ProgressDisplay
    from flawflow.fleet.adding import Adding
    from flawflow.model_file import read_joint
    from flawflow.report.wording import counted, duration, promise
    from flawflow.storage.files import beside
    from flawflow.storage.paths import scratch_place

    require_new(output, overwrite=overwrite)
    after_interrupt("interrupted; nothing was written, and the same command continues")
    folder = beside(scratch_place(output), ".adding")
    adding = Adding.of(read_joint(model), name, dataset, settings, folder)
    with ProgressDisplay() as display:

        def tell(step: "Progress") -> None:
            display.update(step.stage, step.done, step.total, step.note)

        result, confusion = adding(output, device=device, on_progress=tell)
        measured = adding.measured(device=device, on_progress=tell) if compare else None
    adding.clear()
    click.echo(
        f"{one_line(str(output))} has {one_line(name)}, by {counted(result.image_count, 'good picture')} in "
        f"{duration(result.seconds)}."
    )
    click.echo(promise(result.card.calibration))
    if confusion is not None:
        say_confusion(confusion)
    if measured is not None:
        _say_difference(*measured)
    say_left_out([sentence for _, sentence in result.failures], "picture could not be read")
    if result.failures:
        raise click.exceptions.Exit(EXIT_LEFT_OUT)


def _say_difference(added: "Evaluation", own: "Evaluation") -> None:
    from flawflow.report.measures import figure

    for name in _MEASURES:
        shared, alone = getattr(added, name), getattr(own, name)
        if shared is not None and alone is not None:
            words = name.replace("_", " ").replace("auroc", "AUROC").replace("aupro", "AUPRO")
            click.echo(
                f"{words}: {figure(shared)} here, {figure(alone)} by a model of its own "
                f"({100 * (shared - alone):+.2f} points)"
            )
