"""flawflow card: what a model file says about itself."""

from pathlib import Path

import click

from flawflow.cli.engine_options import engine_option
from flawflow.cli.options import PLACE


@click.command("card", short_help="Print the card of a model file.")
@click.argument("model", type=PLACE)
@click.option("--check", is_flag=True, help="Check that MODEL computes the same here as where it was made.")
@engine_option
def command(*, model: Path, check: bool, engine: str) -> None:
    """Print the card of MODEL as JSON: origin, licence, thresholds and their guarantees.

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

    from flawflow.model_file import read_model
    from flawflow.report.wording import promise, rule

    card = read_model(model).card
    said = {"rule": rule(card.calibration), "promise": promise(card.calibration)}
    click.echo(json.dumps(card.to_dict() | said, indent=2, allow_nan=False))


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
