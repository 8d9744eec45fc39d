"""`python -m flawflow.training.toy -o figure.png`: learn the toy and draw it."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from PIL import Image

from flawflow.storage.files import whole_file
from flawflow.training.toy.families import draw_families, learn_families
from flawflow.training.toy.figure import draw_figure
from flawflow.training.toy.learning import fit_toy
from flawflow.training.toy.outliers import draw_judges, draw_outliers, judge
from flawflow.training.toy.pixels import draw_pixels, learn_pixels

DESCRIPTION = (
    "Learn densities in two dimensions and draw what flows make of them (20 seconds to some minutes)."
)


def _draw_outliers() -> Image.Image:
    points = draw_outliers()
    return draw_judges(points, judge(points))


_SHOWS: Mapping[str, Callable[[], Image.Image]] = {
    "idea": lambda: draw_figure(fit_toy()),
    "families": lambda: draw_families(learn_families()),
    "outliers": _draw_outliers,
    "pixels": lambda: draw_pixels(learn_pixels()),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Learn the toy, write its figure."""
    parser = argparse.ArgumentParser(prog="python -m flawflow.training.toy", description=DESCRIPTION)
    parser.add_argument("-o", "--output", type=Path, required=True, help="the PNG file to write")
    parser.add_argument(
        "--show",
        choices=[*_SHOWS],
        default="idea",
        help="one flow beside a Gaussian; every family of flows; kinds of outliers and who sees them; or a "
        "flow of pixels; the last two need scikit-learn (default: idea)",
    )
    given = parser.parse_args(arguments)
    output: Path = given.output
    if output.suffix.lower() != ".png":
        parser.error(f"the figure is a PNG file; give {output} a name that ends in .png")
    figure = _SHOWS[given.show]()
    with whole_file(output) as scratch:
        figure.save(scratch, format="PNG")
    print(f"Wrote {output}.")


if __name__ == "__main__":
    main()
