"""What a training is asked for, and the command that asks for the same."""

import functools
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from flawflow.errors import RecipeError
from flawflow.model_file.card import Card, EncoderCard
from flawflow.recipe import Recipe
from flawflow.recipe.registry import detector_kind, detector_names
from flawflow.recipe.text import as_setting, setting
from flawflow.server.errors import ConflictError
from flawflow.storage.files import sha256_of_file
from flawflow.typed import parse

# How the preset's name in an older card says what was chosen beside it: "balanced, flow nice, augment auto".
_CHOICE = re.compile(", (flow|augment) ([a-z]+)")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A training like the model's own, on other pictures.

    Attributes:
        data: The data set's folder.
        output: The model file to write.
        recipe: What is asked for.
    """

    data: str
    output: str
    recipe: Recipe

    @classmethod
    def like(
        cls,
        card: Card,
        *,
        model: Path,
        data: Path,
        output: Path,
        preset: str,
        settings: Sequence[str] = (),
    ) -> Self:
        """Plan a training with all that a model's card says of its own, but for the preset.

        Args:
            card: The model's card.
            model: Its file: where it looks at a part of the pictures, the next one does, too.
            data: The data set's folder.
            output: The model file to write.
            preset: Speed against accuracy. What differed from the model's own preset differs from this one.
            settings: As of `flawflow.recipe.text.setting`.

        Raises:
            ConflictError: A setting does not fit, or the model's detector is not installed here.
        """
        own = recipe_of_older(card) if card.recipe is None else card.recipe
        roi = model.absolute() if card.roi_run_lengths else None
        try:
            recipe = own.on(preset).replace(roi=roi, ignore=None)
            recipe = functools.reduce(setting, settings, recipe)
            detector_kind(recipe.detector.name)
        except RecipeError as error:
            raise ConflictError(str(error)) from None
        return cls(data=str(data.absolute()), output=str(output.absolute()), recipe=recipe)

    def with_weights_of(self, encoder: EncoderCard) -> "Plan":
        """The plan with the encoder's weights where they are here.

        A file of weights is looked for where it was, then by its name in the folder that the station was
        started in; it counts where it holds the same.

        Raises:
            ConflictError: They are of a file that is not here.
        """
        weights = self.recipe.weights
        if weights in (None, "random", "hub"):
            return self
        for place in (Path(str(weights)), Path(Path(str(weights)).name)):
            if place.is_file() and sha256_of_file(place) == encoder.weights_sha256:
                found = str(place.absolute())
                return type(self)(
                    data=self.data, output=self.output, recipe=self.recipe.replace(weights=found)
                )
        raise ConflictError(
            f"the encoder's weights were read from {weights}, which is not here: put it into the folder "
            f"that the station was started in, or run this where it is: {self.command()}"
        )

    def command(self) -> str:
        """The command that does the same in another place, where the files that it names must be too."""
        words = ["flawflow", "train", self.data, "-o", Path(self.output).name, "--preset", self.recipe.preset]
        for name, value in self.recipe.changes().items():
            words += ["--set", as_setting(name, value)]
        return shlex.join([*words, "--resume"])

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Put together what `dataclasses.asdict` and JSON took apart, in this flawflow or an earlier one."""
        if "recipe" not in values:
            values = {
                "data": values["data"],
                "output": values["output"],
                "recipe": _older(**{name: values[name] for name in values if name not in ("data", "output")}),
            }
        plan = parse(cls, values, "plan")
        assert isinstance(plan, cls)
        return plan


def recipe_of_older(card: Card) -> Recipe:
    """What a card without a recipe tells of one: less than all that was asked for."""
    chosen = dict(_CHOICE.findall(card.preset))
    name = card.preset.partition(",")[0]
    try:
        own = Recipe.of(name)
    except RecipeError:
        own = Recipe()
    if own.preset != "paper":
        known = card.detector in detector_names() and card.detector != "paper-cflow"
        own = own.replace(detector=card.detector if known else "cflow")
        own = own.replace({"detector.flow": chosen.get("flow", "realnvp")})
    return own.replace(
        encoder=card.encoder.name,
        weights=_weights(card.encoder),
        size=card.size,
        seed=card.training.seed,
        augment=chosen.get("augment", "none"),
    )


def _older(*, preset: str, detector: str, flow: str = "realnvp", **values: Any) -> Recipe:
    """The recipe of a plan that an earlier station wrote: a job that it began is resumed as it was begun."""
    recipe = Recipe.of(preset)
    if preset != "paper":
        recipe = recipe.replace({"detector.flow": flow}, detector=detector)
    return recipe.replace(values)


def _weights(encoder: EncoderCard) -> str | None:
    """What to ask for to get the weights that a card tells of."""
    for kind in ("random", "hub"):
        if encoder.weights.startswith(f"{kind} "):
            return kind
    # A package states its licence; of a file that a person gave none is known.
    return encoder.weights if encoder.weights_licence == "not stated" else None
