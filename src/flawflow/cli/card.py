"""flawflow card: what a model file says about itself."""

from pathlib import Path

import click


@click.command("card", short_help="Print what a model file says about itself.")
@click.argument("model", type=click.Path(path_type=Path))
def command(*, model: Path) -> None:
    """Print the card of MODEL as JSON: where it comes from, its licence, how it judges."""
    import json

    from flawflow.model_file import read_model

    click.echo(json.dumps(read_model(model).card.to_dict(), indent=2, allow_nan=False))
