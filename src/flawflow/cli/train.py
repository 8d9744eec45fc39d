"""flawflow train: good pictures in, one model file out."""

import importlib.util
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flawflow.cli.group import after_interrupt
from flawflow.cli.options import EXIT_LEFT_OUT, dataset_options, say_left_out, size_option
from flawflow.errors import FlawflowError, TrainingError, one_line

if TYPE_CHECKING:
    from flawflow.dataset import Dataset
    from flawflow.learn.train import TrainingResult

PRESETS = ("fast", "balanced", "accurate", "paper")
AUGMENTS = ("none", "auto")
CALIBRATIONS = ("auto", "split", "cross")
DETECTORS = (
    "cflow",
    "uflow",
    "padim",
    "padim-pooled",
    "patchcore",
    "knn",
    "spade",
    "mahalanobis",
    "differnet",
)
FLOWS = ("realnvp", "nice", "glow")

_SUSPECTS_SHOWN = 10

# The export's packages are asked for too: their lack must not show after the work is done.
_NEEDED = ("torch", "torchvision", "timm", "safetensors", "onnx", "onnxscript")


def learning_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how to learn, which several verbs share."""
    options = (
        click.option(
            "--encoder",
            default="lite0",
            show_default=True,
            help="Frozen backbone: lite0, resnet18, … or any of timm.",
        ),
        click.option(
            "--weights",
            metavar="FILE|hub",
            help="The encoder's weights (.safetensors or .pth), or hub to download.",
        ),
        size_option,
        click.option(
            "--every",
            type=click.IntRange(min=1),
            default=10,
            show_default=True,
            metavar="N",
            help="Of a video, learn from every Nth frame.",
        ),
        click.option(
            "--preset",
            type=click.Choice(PRESETS),
            default="balanced",
            show_default=True,
            help="Speed against accuracy; paper is CFLOW-AD to the letter.",
        ),
        click.option(
            "--detector",
            type=click.Choice(DETECTORS),
            default="cflow",
            show_default=True,
            help="What follows the encoder; the others are for comparison.",
        ),
        click.option(
            "--seed",
            type=click.IntRange(min=0, max=2**63 - 1),
            default=0,
            show_default=True,
            help="Seed of every random choice.",
        ),
        click.option(
            "--device",
            type=click.Choice(("auto", "cpu", "cuda")),
            default="auto",
            show_default=True,
            help="Where to train.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


@click.command("train", short_help="Learn a part from good pictures.")
@dataset_options
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, help="The model file to write."
)
@learning_options
@click.option(
    "--flow",
    type=click.Choice(FLOWS),
    default="realnvp",
    show_default=True,
    help="Couplings of cflow, uflow and differnet: affine, additive, or with Glow's learned mixing.",
)
@click.option(
    "--calibration",
    type=click.Choice(CALIBRATIONS),
    default="auto",
    show_default=True,
    help="How thresholds are found: by 15 % kept aside (split), or by all pictures with four trainings "
    "(cross), which auto chooses below 124 pictures.",
)
@click.option(
    "--roi",
    type=click.Path(path_type=Path),
    help="A mask drawn over one of the pictures: what is not black counts, the rest changes nothing. Or a "
    "model (.flaw): what counts to it.",
)
@click.option(
    "--ignore", type=click.Path(path_type=Path), help="A mask of what does not count, such as a label."
)
@click.option(
    "--exclude-suspects", is_flag=True, help="Learn without the pictures that may be defective themselves."
)
@click.option(
    "--augment",
    type=click.Choice(AUGMENTS),
    default="none",
    show_default=True,
    help="auto learns from turned and mirrored views, too, where the pictures show that parts lie anyhow.",
)
@click.option("--resume", is_flag=True, help="Go on with an interrupted training of the same output.")
@click.option("--keep-work", is_flag=True, help="Keep the trainable weights, in OUTPUT.training.")
@click.option("--overwrite", is_flag=True, help="Replace the model file when it exists.")
def command(*, dataset: "Dataset", output: Path, overwrite: bool, **options: Any) -> None:
    """Learn what a good part looks like from the good training pictures of DATA.

    DATA is a folder of good pictures or videos, a data set in the layout of MVTec AD (train/good/...), or a
    manifest (.csv). Only good training pictures are used, for the threshold too.

    Pictures that are unlike all others may be defective: they are listed, with overlays in OUTPUT.suspects.
    About 1 % of good pictures are suspected too, so look before you believe it.

    \b
    Exit codes:
      0  the model was written
      2  nothing was written
      3  the model was written, but some pictures could not be read and were left out
    """
    if output.exists() and not overwrite:
        raise FlawflowError(f"{output} exists: choose another name, or replace it with --overwrite")
    result = run_training(dataset, output, **options)
    click.echo(f"Next: flawflow inspect {shlex.quote(str(result.model))} PICTURES... -o results")
    if result.failures:
        raise click.exceptions.Exit(EXIT_LEFT_OUT)


def run_training(dataset: "Dataset", output: Path, **options: Any) -> "TrainingResult":
    """Train with the options of `flawflow.train`, show progress and print what was learned."""
    require_training()
    from flawflow.cli.progress import ProgressDisplay
    from flawflow.learn.train import train

    after_interrupt("interrupted; the same command with --resume goes on where it stopped")
    with ProgressDisplay() as display:
        result = train(
            dataset,
            output,
            on_progress=lambda step: display.update(step.stage, step.done, step.total, step.note),
            **options,
        )
    _print_result(result)
    _print_suspects(result, excluded=bool(options.get("exclude_suspects")))
    return result


def require_training() -> None:
    """Say what is missing for learning, before any work.

    Raises:
        TrainingError: A package of the extra `train` is not installed.
    """
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise TrainingError(
            f"learning needs {', '.join(missing)}, which this installation leaves out: "
            "pip install 'flawflow[train]'"
        )


def _print_result(result: "TrainingResult") -> None:
    from flawflow.report.words import counted, duration, promise, rule

    calibration = result.card.calibration
    for note in result.notes:
        click.echo(one_line(note))
    size = result.model.stat().st_size / 1e6
    click.echo(
        f"Learned from {counted(result.picture_count, 'good picture')} in {duration(result.seconds)}: "
        f"{one_line(str(result.model))} ({size:.1f} MB)"
    )
    click.echo(rule(calibration))
    click.echo(promise(calibration))
    say_left_out([sentence for _, sentence in result.failures], "picture could not be read")


def _print_suspects(result: "TrainingResult", *, excluded: bool) -> None:
    from flawflow.report.suspects import write_suspects
    from flawflow.report.words import counted

    folder = write_suspects(result.model, result.suspects, excluded=excluded)
    if folder is None:
        return
    count = counted(len(result.suspects), "picture")
    done = "left out" if excluded else "learned from all the same; --exclude-suspects leaves suspects out"
    click.echo(f"{count} among the good ones may be defective ({done}):")
    for suspect in result.suspects[:_SUSPECTS_SHOWN]:
        click.echo(f"  {one_line(str(suspect.path))}: {suspect.reason}")
    if len(result.suspects) > _SUSPECTS_SHOWN:
        click.echo(f"  and {len(result.suspects) - _SUSPECTS_SHOWN} more")
    click.echo(f"Look at them: {one_line(str(folder))}")
