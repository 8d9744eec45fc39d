"""flawflow card: what a model file says about itself."""

from pathlib import Path

import click


@click.command("card", short_help="Print what a model file says about itself.")
@click.argument("model", type=click.Path(path_type=Path))
def command(*, model: Path) -> None:
    """Print the card of MODEL as JSON: where it comes from, its licence, how it judges, what it promises."""
    import json

    from flawflow.model_file import read_model
    from flawflow.report.words import promise, rule

    card = read_model(model).card
    said = {"rule": rule(card.calibration), "promise": promise(card.calibration)}
    click.echo(json.dumps(card.to_dict() | said, indent=2, allow_nan=False))
