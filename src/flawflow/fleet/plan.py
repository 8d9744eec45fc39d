"""A plan: the products of a plant, each with its recipe and its pictures."""

import dataclasses
import functools
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from flawflow.datasets import has_layout
from flawflow.errors import FlawflowError, FleetError, did_you_mean
from flawflow.fleet.source import Source, beneath
from flawflow.recipe import Recipe
from flawflow.recipe.text import setting

_OF_SOURCE = tuple(field.name for field in dataclasses.fields(Source))
_OF_RECIPE = ("preset", *(field.name for field in dataclasses.fields(Recipe) if field.name != "preset"))
# Values of a recipe that are paths, but for these words.
_PATHS, _WORDS = ("weights", "roi", "ignore", "flows"), ("hub", "random")
# A model file's name has an ending, and so do the folders beside it.
_MAX_NAME = 200


@dataclass(frozen=True, kw_only=True)
class Product:
    """One model to train.

    Attributes:
        name: Its model is NAME.flaw.
        source: Where its pictures are.
        recipe: How to train.
    """

    name: str
    source: Source
    recipe: Recipe


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the command line asks of all products; it counts more than a plan.

    Attributes:
        preset: A preset's name; None for those of the plan.
        settings: As of `flawflow.recipe.text.setting`.
    """

    preset: str | None = None
    settings: Sequence[str] = ()


def read_products(path: Path, asked: Asked = Asked()) -> tuple[Product, ...]:
    """The products of a plan (`.toml`), or of a folder of data sets, of which each is one.

    Raises:
        FleetError: The plan cannot be carried out as it is; the message names the product, and the way out.
    """
    if path.is_dir():
        products = [_product(name, {"data": data}, {}, asked, folder=Path()) for name, data in _folders(path)]
    elif path.suffix == ".toml":
        products = _planned(path, asked)
    else:
        raise FleetError(f"{path} is neither a plan (.toml) nor a folder of data sets: name one of these.")
    seen: dict[str, str] = {}
    for product in products:
        check_name(product.name)
        # Some file systems do not tell A from a.
        other = seen.setdefault(product.name.casefold(), product.name)
        if other is not product.name:
            raise FleetError(f"Two products are named {product.name}: rename one of them.")
    return tuple(products)


def _folders(path: Path) -> list[tuple[str, str]]:
    """Names and paths of the data sets in a folder, also of those in a folder of data sets in it."""
    if has_layout(path):
        raise FleetError(
            f"{path} is one data set and not a folder of several: use flawflow train, or write a plan."
        )
    found = []
    for folder in sorted(each for each in path.iterdir() if each.is_dir() and not each.name.startswith(".")):
        inside = [part for part in sorted(folder.iterdir()) if part.is_dir() and has_layout(part)]
        parts = inside if inside and not has_layout(folder) else [folder]
        found += [(part.name, str(part)) for part in parts]
    if not found:
        raise FleetError(f"{path} holds no folder: give a folder of data sets, or a plan (.toml).")
    return found


def _planned(path: Path, asked: Asked) -> list[Product]:
    try:
        plan = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise FleetError(f"{path} cannot be read ({error.strerror}): check the path.") from None
    except ValueError as error:
        again = "Cannot overwrite" in str(error) or "Cannot declare" in str(error)
        hint = "two products of one name, or one key twice: rename one" if again else "correct it there"
        raise FleetError(f"{path} cannot be read as TOML ({error}): {hint}.") from None
    _check_keys(plan, ("defaults", "products"), f"{path}")
    defaults, products = plan.get("defaults", {}), plan.get("products", {})
    for name, part in (("defaults", defaults), ("products", products)):
        if not isinstance(part, dict):
            raise FleetError(f"{name} in {path} must be a table: write [{name}].")
    if not products:
        raise FleetError(
            f'{path} plans no product: write [products] and below it lines as bottle = "bottle/".'
        )
    _check_keys(defaults, _OF_RECIPE, f"[defaults] of {path}")
    found = []
    for name, values in products.items():
        own = {"data": values} if isinstance(values, str) else values
        if not isinstance(own, dict):
            raise FleetError(
                f"The product {name} must be a path or a table with data = …; got {values!r:.60}."
            )
        _check_keys(own, (*_OF_SOURCE, *_OF_RECIPE), f"The product {name}")
        found.append(_product(name, own, defaults, asked, folder=path.parent))
    return found


def _product(
    name: str,
    own: Mapping[str, object],
    common: Mapping[str, object],
    asked: Asked,
    *,
    folder: Path,
) -> Product:
    given = {key: value for key, value in own.items() if key in _OF_SOURCE}
    if "data" not in given and "good" not in given:
        raise FleetError(f'The product {name} has no pictures: give it data = "…" or good = "…".')
    if not all(isinstance(value, str) for value in given.values()):
        raise FleetError(
            f"The product {name} must have text as {' and '.join(given)}: put it between quotes."
        )
    changes = {key: value for key, value in own.items() if key not in _OF_SOURCE}
    source = Source(**given)  # type: ignore[arg-type]
    try:
        recipe = _recipe(_flat(changes, folder), _flat(common, folder), asked)
    except FlawflowError as error:
        raise FleetError(f"The recipe of {name}: {error}") from None
    return Product(name=name, source=source.below(folder), recipe=recipe)


def _recipe(own: Mapping[str, object], common: Mapping[str, object], asked: Asked) -> Recipe:
    preset = asked.preset or own.get("preset") or common.get("preset") or "balanced"
    recipe = Recipe.of(str(preset))
    for changes in (common, own):
        recipe = recipe.replace({key: value for key, value in changes.items() if key != "preset"})
    recipe = functools.reduce(setting, asked.settings, recipe)
    # What the command line names counts from where that is.
    return recipe.replace(
        {name: _whole(Path(), value) for name in _PATHS if (value := getattr(recipe, name))}
    )


def _whole(folder: Path, value: str) -> str | None:
    return value if value in _WORDS else beneath(folder, value)


def _flat(values: Mapping[str, object], folder: Path, before: str = "") -> dict[str, object]:
    """Tables within tables as dotted names (`detector.blocks = 4` in TOML); paths count from a folder."""
    found: dict[str, object] = {}
    for key, value in values.items():
        name = f"{before}{key}"
        if isinstance(value, dict):
            found |= _flat(value, folder, f"{name}.")
        elif name in _PATHS and isinstance(value, str):
            found[name] = _whole(folder, value)
        else:
            found[name] = value
    return found


def _check_keys(values: Iterable[str], known: Sequence[str], where: str) -> None:
    """Refuse names that are not known; a dotted one is the recipe's, which knows its own."""
    for key in values:
        if key.partition(".")[0] not in known:
            hint = did_you_mean(key, known, f"there are {', '.join(known)}.", most=2)
            raise FleetError(f"{where} has {key!r}, which is not known; {hint}")


def check_name(name: str) -> None:
    """Refuse what cannot be a product's name."""
    if (
        not re.fullmatch(r"[^\s./\\:*?\"<>|\x00-\x1f][^/\\:*?\"<>|\x00-\x1f]*", name)
        or len(name.encode()) > _MAX_NAME
    ):
        raise FleetError(
            f"{name!r:.300} cannot be a product's name, which becomes that of a file: choose another."
        )
