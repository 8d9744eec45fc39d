"""flawflow scenes: one model a scene of Shanghai Tech Campus, measured frame by frame."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from flawflow.cli.group import after_interrupt
from flawflow.cli.options import device_option, limit_option
from flawflow.cli.recipe import recipe_options
from flawflow.errors import DatasetError, FlawflowError
from flawflow.recipe import Recipe
from flawflow.training.requirements import require_training

if TYPE_CHECKING:
    from flawflow.compare.scenes import SceneResult, SceneRun


@click.command("scenes", short_help="Evaluate on the videos of ShanghaiTech Campus.")
@click.argument("data", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder for the results."
)
@recipe_options("detector", "encoder", "weights", "size", "every", "seed")
@device_option
@limit_option
def command(*, data: Path, output: Path, recipe: Recipe, device: str) -> None:
    """Train and evaluate one model per scene of ShanghaiTech Campus.

    DATA is the folder of the data set as published: training/videos/SS_VVV.avi, testing/frames/SS_VVVV/,
    testing/test_frame_mask/ and testing/test_pixel_mask/. Written are scenes.md, .csv and .json: frame-level
    and pixel-level AUROC of each scene, their mean, and over all frames and pixels together.

    Finished scenes stay in OUTPUT and are not repeated: the same command continues where it was stopped.
    """
    require_training()
    from flawflow.compare.scene_tables import write_scene_tables
    from flawflow.compare.scenes import SceneRun
    from flawflow.datasets.shanghaitech import open_scenes
    from flawflow.video.names import require_video

    after_interrupt("interrupted; the same command continues where it stopped")
    scenes = open_scenes(data)
    untested = [scene.name for scene in scenes if not scene.test]
    runs = [SceneRun(scene, recipe, output) for scene in scenes if scene.test]
    if not runs:
        raise DatasetError(f"{data} has no test videos to measure on: add testing/frames.")
    for video in runs[0].scene.training[:1]:
        require_video(video)
    results, failures = [], []
    for number, run in enumerate(runs, start=1):
        try:
            results.append(_result(run, f"[{number}/{len(runs)}] scene {run.scene.name}", device))
        except FlawflowError as error:
            failures.append(f"scene {run.scene.name} failed: {error}")
            continue
        text = write_scene_tables(output, results, untested)
    if results:
        click.echo(text, nl=False)
    for failure in failures:
        click.echo(f"flawflow: {failure}", err=True)
    if failures:
        raise click.exceptions.Exit(1)


def _result(run: "SceneRun", title: str, device: str) -> "SceneResult":
    from flawflow.cli.progress import ProgressDisplay
    from flawflow.compare.scenes import finished, perform

    kept = finished(run)
    click.echo(f"{title}{' is finished already' if kept else ''}", err=True)
    if kept:
        return kept
    with ProgressDisplay() as display:
        return perform(
            run,
            device=device,
            on_progress=lambda step: display.update(step.stage, step.done, step.total, step.note),
        )
