"""What `flawflow compare` takes as lists of names."""

import click

from flawflow.recipe.registry import detector_names

_MAX_SEED_DIGITS = 18


def _names(_context: click.Context, _parameter: click.Parameter, text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not names:
        raise click.BadParameter("give one or more, separated by commas.")
    return names


def detectors_of(
    context: click.Context, parameter: click.Parameter, text: str | None
) -> tuple[str, ...] | None:
    """Names of detectors, with commas between them; None where nothing was given."""
    names = _names(context, parameter, text)
    known = detector_names()
    unknown = [name for name in names or () if name not in known]
    if unknown:
        raise click.BadParameter(f"there is no detector {unknown[0]!r}; choose one of {', '.join(known)}.")
    return names


def seeds_of(context: click.Context, parameter: click.Parameter, text: str) -> tuple[int, ...]:
    """Seeds, with commas between them."""
    names = _names(context, parameter, text) or ()
    if not all(name.isdecimal() and len(name) <= _MAX_SEED_DIGITS for name in names):
        raise click.BadParameter(
            f"{text!r} are not seeds; give integers of at most 18 digits, separated by commas."
        )
    return tuple(map(int, names))


def encoders_of(
    context: click.Context, parameter: click.Parameter, text: str
) -> tuple[tuple[str, str | None], ...]:
    """Encoders, each with where its weights come from, as NAME or NAME=WEIGHTS with commas between them."""
    pairs = (name.partition("=") for name in _names(context, parameter, text) or ())
    return tuple((name, weights or None) for name, _, weights in pairs)
