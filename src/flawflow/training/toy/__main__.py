"""`python -m flawflow.training.toy -o figure.png`: learn the toy and draw it."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from flawflow.storage.files import whole_file
from flawflow.training.toy.figure import draw_figure
from flawflow.training.toy.learning import fit_toy

DESCRIPTION = "Learn the density of two crescents and draw what the flow makes of it (some 20 seconds)."


def main(arguments: Sequence[str] | None = None) -> None:
    """Learn the toy, write its figure."""
    parser = argparse.ArgumentParser(prog="python -m flawflow.training.toy", description=DESCRIPTION)
    parser.add_argument("-o", "--output", type=Path, required=True, help="the PNG file to write")
    output: Path = parser.parse_args(arguments).output
    if output.suffix.lower() != ".png":
        parser.error(f"the figure is a PNG file; give {output} a name that ends in .png")
    figure = draw_figure(fit_toy())
    with whole_file(output) as scratch:
        figure.save(scratch, format="PNG")
    print(f"Wrote {output}.")


if __name__ == "__main__":
    main()
