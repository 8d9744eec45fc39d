"""Draws the README's picture: gears that flawflow draws itself, learned and inspected by flawflow.

    python docs/draw_readme_picture.py docs/readme.png

Nothing in it is chosen by hand: it shows the first test picture of each kind.
"""

import tempfile
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from flawflow.datasets import open_dataset
from flawflow.images import read_image
from flawflow.inspection.inspection import Inspection
from flawflow.inspection.inspector import Inspector
from flawflow.report.heatmap import overlay
from flawflow.synthetic import DEFECTS, draw_parts

_SIDE = 256
_GAP = 8
_TEXT = 30
_INK, _GROUND = "#1b2026", "#ffffff"
_VERDICT_INK = {"OK": "#0b62a8", "REVIEW": "#4d1147", "NG": "#b3400a"}


@click.command()
@click.argument("output", type=click.Path(path_type=Path))
@click.option("--model", type=click.Path(path_type=Path), help="A model of the gears; else one is trained.")
@click.option("--preset", default="balanced", show_default=True)
def main(*, output: Path, model: Path | None, preset: str) -> None:
    """Draw the README's picture into OUTPUT."""
    with tempfile.TemporaryDirectory() as scratch:
        gears = Path(scratch) / "gears"
        draw_parts(gears, train=120, test=1, seed=0, size=_SIDE)
        if model is None:
            from flawflow.recipe import Recipe
            from flawflow.training.train import train

            model = Path(scratch) / "gears.flaw"
            train(open_dataset(gears), model, Recipe.of(preset))
        compose(Inspector.load(model), gears / "test").save(output, optimize=True)
    click.echo(f"drew {output}")


def compose(inspector: Inspector, test: Path) -> Image.Image:
    """Put one test picture of each kind above its overlay, with its verdict and score.

    Args:
        inspector: What inspects.
        test: The folder `test` of `draw_parts`.
    """
    kinds = ("good", *DEFECTS)
    width = len(kinds) * (_SIDE + _GAP) - _GAP
    sheet = Image.new("RGB", (width, 2 * _SIDE + _GAP + 2 * _TEXT), _GROUND)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(20)
    for column, kind in enumerate(kinds):
        path = test / kind / "000.png"
        inspection = inspector.inspect(path)
        left, middle = column * (_SIDE + _GAP), column * (_SIDE + _GAP) + _SIDE // 2
        draw.text((middle, _TEXT // 2), kind.replace("_", " "), fill=_INK, font=font, anchor="mm")
        for row, pixels in enumerate(_pair(path, inspection, inspector)):
            sheet.paste(Image.fromarray(pixels), (left, _TEXT + row * (_SIDE + _GAP)))
        said = f"{inspection.verdict}   score {inspection.score:.3g}"
        draw.text(
            (middle, sheet.height - _TEXT // 2),
            said, fill=_VERDICT_INK[inspection.verdict], font=font, anchor="mm",
        )  # fmt: skip
    return sheet


def _pair(
    path: Path, inspection: Inspection, inspector: Inspector
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    picture = read_image(path)
    scale = inspector.card.colormap_range
    return picture, overlay(picture, inspection.anomaly_map, scale, inspection.regions)


if __name__ == "__main__":
    main()
