"""flawflow card: what a model file says about itself."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flawflow.cli.engine_options import engine_option
from flawflow.cli.options import PLACE

if TYPE_CHECKING:
    from flawflow.model_file import JointFile


@click.command("card", short_help="Print the card of a model file.")
@click.argument("model", type=PLACE)
@click.option("--check", is_flag=True, help="Check that MODEL computes the same here as where it was made.")
@engine_option
def command(*, model: Path, check: bool, engine: str) -> None:
    """Print the card of MODEL as JSON: origin, licence, thresholds and their guarantees.

    Of a MODEL of many products, MODEL#NAME names one; without a name, what the file holds is printed, and how
    often good pictures are taken for those of another product.

    With --check, load MODEL in --engine instead and print how far its canaries, drawn pictures whose scores
    and maps the card holds, are from what was measured where it was made.

    \b
    Exit codes:
      0  the card was printed, or the check holds
      2  no such model, it computes differently here, or it has no canaries
    """
    if check:
        _check(model, engine)
        return
    import json

    from flawflow.model_file import JointFile, read_any
    from flawflow.report.wording import promise, rule

    found = read_any(model)
    if isinstance(found, JointFile):
        said = _of_many(found)
    else:
        calibration = found.card.calibration
        said = found.card.to_dict() | {"rule": rule(calibration), "promise": promise(calibration)}
    click.echo(json.dumps(said, indent=2, allow_nan=False))


def _of_many(joint: "JointFile") -> dict[str, object]:
    """What a file of many products says: of each the promise, and how often one is taken for another."""
    from flawflow.inspection.routing import confusion, gaussians_of
    from flawflow.report.wording import promise

    products = {}
    for name in joint.names:
        card = joint.card(name)
        products[name] = {"size": card.size, "created": card.created, "promise": promise(card.calibration)}
    routing = joint.routing()
    found = None if routing is None else dataclasses.asdict(confusion(gaussians_of(routing)))
    return {"products": products, "confusion": found}


def _check(model: Path, engine: str) -> None:
    from flawflow.errors import ModelFileError
    from flawflow.inspection.inspector import Inspector

    proof = Inspector.load(model, engine=engine).proof
    if not proof.differences:
        raise ModelFileError(
            f"{model}: {proof.sentence}; flawflow calibrate records canaries, or train or export it again"
        )
    for drawing, difference in proof.differences.items():
        click.echo(f"{drawing:<10}{difference:.1e}, {proof.limit:g} is allowed")
    click.echo(f"{proof.sentence}.")
