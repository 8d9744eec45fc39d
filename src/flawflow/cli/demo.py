"""flawflow demo: the whole way on real pictures that pip brings."""

import importlib.util
from pathlib import Path

import click

from flawflow.cli.options import LOCAL
from flawflow.errors import FlawflowError

_TRAIN, _TEST, _SEED = 200, 60, 0
_LICENCE = (
    "The pictures are solar cells of the ELPV data set (Buerhop-Lutz et al., 2018), licence CC BY-NC-SA 4.0: "
    "for this demonstration, not for commercial use."
)


@click.command("demo", short_help="Train, inspect and evaluate on real solar cells.")
@click.option("--output", type=LOCAL, default=Path("demo"), show_default=True, help="A new folder.")
def command(*, output: Path) -> None:
    """Train, inspect and evaluate on real solar cells in a few minutes.

    Trains on 200 good monocrystalline cells, then inspects 60 good and 60 defective ones that it has
    not seen. The pictures come with the package elpv-dataset (CC BY-NC-SA 4.0, not for commercial use).
    """
    from rich.console import Console

    from flawflow.cli.evaluate import run_evaluation
    from flawflow.cli.inspect import run_inspection
    from flawflow.cli.train import run_training
    from flawflow.datasets import open_dataset
    from flawflow.recipe import PRESETS
    from flawflow.training.requirements import require_training

    require_training()
    if importlib.util.find_spec("elpv_dataset") is None:
        raise FlawflowError("the demonstration needs its pictures: pip install 'flawflow[train,demo]'")
    if output.exists() and any(output.iterdir()):
        raise FlawflowError(f"{output} is not empty: name a new folder with --output")
    click.echo(_LICENCE)
    data = output / "data" / "solar_cells"
    write_cells(data)
    model = output / "solar_cells.flaw"
    dataset = open_dataset(data)
    run_training(dataset, model, PRESETS["fast"])
    run_inspection(model, (str(data / "test"),), output / "results")
    evaluation = run_evaluation(model, dataset, console=Console(highlight=False))
    click.echo(
        f"Image AUROC: {100 * evaluation.image_auroc:.1f} % ({_TEST} good and {_TEST} defective cells)"
    )
    click.echo(f"Look at: {output / 'results' / 'report.html'}")


def write_cells(folder: Path) -> None:
    """Write the demonstration's pictures in the layout of MVTec AD.

    Certainly good monocrystalline cells (defect probability 0) and certainly defective ones
    (probability 1), drawn with a fixed seed; no cell is in two places.
    """
    import numpy as np
    from elpv_dataset.utils import load_dataset
    from PIL import Image

    cells, probability, kind = load_dataset()
    draw = np.random.default_rng(_SEED)
    good = draw.permutation(np.flatnonzero((kind == "mono") & (probability == 0)))
    bad = draw.permutation(np.flatnonzero((kind == "mono") & (probability == 1)))
    for name, chosen in (
        ("train/good", good[:_TRAIN]),
        ("test/good", good[_TRAIN : _TRAIN + _TEST]),
        ("test/defective", bad[:_TEST]),
    ):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for index in np.sort(chosen):
            Image.fromarray(cells[index]).save(folder / name / f"cell{index:04d}.png")
