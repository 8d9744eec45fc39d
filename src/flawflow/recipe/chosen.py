"""The detector of a recipe, with its options; without torch."""

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, get_type_hints

from flawflow.errors import RecipeError
from flawflow.recipe.options import FLOWS, Option, takes_flows
from flawflow.recipe.registry import DetectorKind, detector_kind
from flawflow.typed import FieldError, parse

if TYPE_CHECKING:
    from flawflow.training.detectors.detector import Detector


@dataclass(frozen=True, kw_only=True)
class DetectorRecipe:
    """What follows the encoder.

    Attributes:
        name: A name of `flawflow.recipe.registry.detector_names`.
        options: All of its options by name. They are plain values, so that a card can be read where the
            detector is not installed.
    """

    name: str = "cflow"
    options: Mapping[str, Option] = field(default_factory=detector_kind("cflow").default_options)

    @property
    def kind(self) -> DetectorKind:
        """What is known of the detector.

        Raises:
            RecipeError: It is not installed here.
        """
        return detector_kind(self.name)

    def make(self) -> "Detector":
        """Make an unfitted detector.

        Raises:
            RecipeError: It is not installed here, or in another version with other options.
        """
        return self.kind.make(self.with_options(self.options).options)

    def flow(self, name: object) -> dict[str, object]:
        """What makes its flows those of a family of `FLOWS`; "realnvp" changes nothing.

        Raises:
            RecipeError: There is no such family, or the detector has no flow that could be of another.
        """
        if name not in FLOWS:
            raise RecipeError(f"There is no flow {name!r}; choose one of {', '.join(FLOWS)}.")
        changes: dict[str, object] = dict(FLOWS[str(name)])
        if changes and not takes_flows(self.options):
            raise RecipeError(
                f"The detector {self.name} cannot have the flow {name}: leave that out, or choose the "
                "detector cflow, uflow or differnet with another preset than paper."
            )
        return changes

    def with_options(self, changes: Mapping[str, object]) -> Self:
        """The same detector with other options.

        Raises:
            RecipeError: It has no such option, or an option is of another type.
        """
        hints = get_type_hints(type(self.kind.options))
        unknown = changes.keys() - hints.keys()
        if unknown:
            names = ", ".join(f"detector.{name}" for name in hints) or "none at all"
            raise RecipeError(
                f"The detector {self.name} has no option {', '.join(sorted(unknown))}; it has {names}."
            )
        given = {name: checked(hints[name], value, f"detector.{name}") for name, value in changes.items()}
        return dataclasses.replace(self, options={**self.options, **given})


def checked(kind: Any, value: object, name: str) -> Any:
    """A value of a recipe as its type has it; a path as text.

    Raises:
        RecipeError: It is of another type.
    """
    value = os.fspath(value) if isinstance(value, os.PathLike) else value
    try:
        return parse(kind, value, name)
    except FieldError as error:
        raise RecipeError(f"{error.where} {error.what}.") from None
