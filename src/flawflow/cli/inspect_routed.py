"""flawflow inspect --product: the product in a file of many, named, or each picture's own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flawflow.errors import DatasetError, FlawflowError, ImageError, one_line

if TYPE_CHECKING:
    from flawflow.inspection.routing import Router
    from flawflow.report.summary import Summary

LIST_NAME = "products.csv"
"""Which product each picture was taken for."""

_COLUMNS = ("path", "product")

Inspect = Callable[[Path, tuple[str, ...], Path], tuple["Summary", int]]
"""Inspects pictures by a model into a folder."""

product_option = click.option(
    "--product",
    metavar="NAME",
    help="Of a MODEL of many products (flawflow fleet train --joint) the one that all pictures show, as "
    "MODEL#NAME; auto for each picture's own, with results in a folder for each.",
)


@dataclass
class Numbers:
    """What several inspections amount to together."""

    review: int = 0
    ng: int = 0
    unreadable: int = 0

    def add(self, summary: "Summary") -> None:
        """Count one inspection."""
        self.review += summary.review
        self.ng += summary.ng
        self.unreadable += summary.unreadable


def of_product(model: Path, product: str | None) -> Path:
    """The model that a product of a file has; the file itself where none is named.

    Raises:
        FlawflowError: The file's name names one already.
    """
    from flawflow.model_file.joint import SEPARATOR, named_product

    if product is None:
        return model
    if named_product(model)[1]:
        raise FlawflowError(f"{model} names a product already: leave out --product, or that part")
    return model.with_name(f"{model.name}{SEPARATOR}{product}")


def inspect_routed(
    model: Path, pictures: Sequence[Path], output: Path, inspect: Inspect, *, overwrite: bool
) -> tuple[Numbers, int]:
    """Find the product of each picture, and inspect those of each by its model into a folder of its name.

    Returns:
        The numbers of all, and how many results some sink has not got.

    Raises:
        FlawflowError: The file holds one model, nothing tells its products apart, or there are results.
    """
    from flawflow.errors import ModelFileError
    from flawflow.inspection.routing import Router
    from flawflow.model_file import read_joint
    from flawflow.results.table import csv_line, csv_row
    from flawflow.storage.files import write_whole

    if (output / LIST_NAME).exists() and not overwrite:
        raise FlawflowError(
            f"{output} holds results of an earlier inspection: choose another folder, or replace them with "
            "--overwrite"
        )
    joint = read_joint(model)
    try:
        router = Router.of(joint)
    except ModelFileError as error:
        raise ModelFileError(f"{model} {error}") from None
    taken = _routed(router, pictures)
    found = sorted({product for product in taken if product is not None}) or [joint.names[0]]
    # What cannot be read is said by whichever inspection comes first.
    groups = {
        name: [path for path, product in zip(pictures, taken, strict=True) if (product or found[0]) == name]
        for name in found
    }
    numbers, missed = Numbers(), 0
    for name, paths in groups.items():
        click.echo(f"{one_line(name)}:")
        summary, lost = inspect(of_product(model, name), tuple(map(str, paths)), output / name)
        numbers.add(summary)
        missed += lost
    rows = ({"path": str(path), "product": product} for path, product in zip(pictures, taken, strict=True))
    listing = b"".join((csv_line(_COLUMNS), *(csv_row(row, _COLUMNS) for row in rows)))
    write_whole(output / LIST_NAME, listing)
    return numbers, missed


def _routed(router: "Router", pictures: Sequence[Path]) -> list[str | None]:
    from flawflow.cli.progress import ProgressDisplay
    from flawflow.inspection.parallel import in_order
    from flawflow.video.names import is_video_name

    if any(map(is_video_name, pictures)):
        raise DatasetError("a video shows one product: name that with --product in place of auto")

    def routed(path: Path) -> str | None:
        try:
            return router.route(path)
        except ImageError:
            return None

    taken = []
    with ProgressDisplay() as progress:
        for product in in_order(routed, pictures):
            taken.append(product)
            progress.update("finding products", len(taken), len(pictures))
    return taken
