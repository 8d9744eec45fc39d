"""What a training is asked for, whole: one frozen, JSON-ready object; without torch.

Presets are recipes. A recipe with a change is another recipe (`Recipe.replace`), and every option has one
dotted name, on the command line, in Python, in the station and in the card: `size`, `detector.blocks`.
"""

import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_type_hints

from flawflow.errors import RecipeError, did_you_mean
from flawflow.recipe.aggregation import OF_CFLOW, Aggregation
from flawflow.recipe.augmentation import LIT, Augmentation
from flawflow.recipe.chosen import DetectorRecipe, checked
from flawflow.recipe.options import Option
from flawflow.recipe.registry import detector_kind
from flawflow.recipe.tiling import NO_TILES, Tiling
from flawflow.storage.files import sha256_of_file

_CFLOW = DetectorRecipe()
_PARTS = ("detector", "aggregation", "augmentation", "tiles")
# What a detector brings with it.
_OF_DETECTOR = ("detector", "aggregation", "augmentation", "strides", "reflect_padding", "views")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """All that decides what is learned from good pictures.

    Attributes:
        preset: The name of the preset that it began from; it decides nothing more.
        encoder: The frozen backbone: "lite0", "resnet18", … or any of timm.
        weights: None for those of an installed package, a .safetensors or .pth file, "hub" or "random".
        strides: Input pixels per feature vector of each scale, fine to coarse.
        reflect_padding: Whether the encoder's convolutions mirror at the edge, as the reference's ResNets do.
        size: (H, W) of the input, or a side: its square, or as many pixels in long pictures' proportions.
        every: Of a video, every Nth frame is a picture; the last 15 % of them are held out.
        detector: What follows the encoder, with its options.
        aggregation: How its maps become one map and one score.
        seed: Of every random choice.
        calibration: "split" holds 15 % of the pictures out, "cross" cross-fits, "auto" chooses.
        roi: A mask of what counts (not black), drawn over one of the pictures, or a model file, for its mask.
        ignore: Likewise of what does not count.
        exclude_suspects: Leave pictures that may be defective out of learning and calibration.
        augment: "auto" learns from mirrored and turned views, too, where parts have arbitrary orientations.
        robust: Learn from two views of every picture, under drawn lights as strong as a hall may have.
        views, augmentation: How many further views of each picture are learned from, and what makes them.
        flows: A file of flows that several products share, to be kept as they are; None to learn flows.
        tiles: Whether and how pictures are inspected in tiles of `size`, too; its mode may be given alone.
        explain: Good patches that the file keeps, about so many, to show what good looks like; 0 for none.

    Raises:
        RecipeError: A value is out of its range.
    """

    preset: str = "balanced"
    encoder: str = "lite0"
    weights: str | None = None
    strides: tuple[int, ...] = (4, 8, 16)
    reflect_padding: bool = False
    size: int | tuple[int, int] = 256
    every: int = 10
    detector: DetectorRecipe = _CFLOW
    aggregation: Aggregation = OF_CFLOW
    seed: int = 0
    calibration: Literal["auto", "split", "cross"] = "auto"
    roi: str | None = None
    ignore: str | None = None
    exclude_suspects: bool = False
    augment: Literal["none", "auto"] = "none"
    robust: bool = False
    views: int = 1
    augmentation: Augmentation = LIT
    flows: str | None = None
    tiles: Tiling = NO_TILES
    explain: int = 0

    def __post_init__(self) -> None:
        for name in ("strides", "size", "every"):
            value = getattr(self, name)
            if value in ((), 0) or min(value if isinstance(value, tuple) else (value,)) < 1:
                raise RecipeError(f"{name} must be positive; got {value}")
        if min(self.views, self.explain) < 0 or not 0 <= self.seed < 2**63:
            raise RecipeError(
                f"views, explain and seed must be 0 or more; got {self.views}, {self.explain} and {self.seed}"
            )
        for name, value in self.flat().items():
            if isinstance(value, float) and not math.isfinite(value):
                raise RecipeError(f"{name} must be finite; got {value}")

    @classmethod
    def of(
        cls, preset: str = "balanced", changes: Mapping[str, object] | None = None, /, **more: object
    ) -> "Recipe":
        """The recipe of a preset, with changes as of `replace`.

        Raises:
            RecipeError: There is no such preset, or a change does not fit.

        >>> Recipe.of("fast", encoder="resnet18", detector="padim").strides
        (4, 8, 16)
        """
        if preset not in PRESETS:
            raise RecipeError(f"There is no preset {preset!r}; choose one of {', '.join(PRESETS)}.")
        return PRESETS[preset].replace(changes, **more)

    def replace(self, changes: Mapping[str, object] | None = None, /, **more: object) -> "Recipe":
        """The recipe with other values.

        A detector that is given by its name brings along all that its paper has: its options, scales,
        aggregation and views. What one of the same family had that differs from its defaults is kept.
        "detector.flow" stands for the options of a family of flows (`flawflow.recipe.options.FLOWS`).

        Args:
            changes: Values by dotted name.
            more: Values by name.

        Raises:
            RecipeError: There is no such name, or a value does not fit.

        >>> Recipe().replace({"detector.blocks": 4}, size=(128, 128)).detector.options["blocks"]
        4
        """
        given = {**(changes or {}), **more}
        name = given.get("detector")
        recipe = self._with_detector(str(given.pop("detector"))) if isinstance(name, str) else self
        if isinstance(given.get("tiles"), str):
            given["tiles.mode"] = given.pop("tiles")
        for part in _PARTS:
            inside = {key.partition(".")[2]: given.pop(key) for key in [*given] if key.startswith(f"{part}.")}
            given |= {part: recipe._part(part, inside)} if inside else {}
        hints = get_type_hints(Recipe)
        for key in given:
            if key not in hints or key == "preset":
                raise RecipeError(f"A recipe has no {key!r}; {recipe._nearest(key)}")
        return dataclasses.replace(recipe, **{k: checked(hints[k], value, k) for k, value in given.items()})

    def on(self, preset: str) -> "Recipe":
        """The same changes on another preset.

        The preset paper is CFLOW-AD as published: it takes no other detector, and no preset takes its own.
        """
        if preset == self.preset:
            return self
        changes = self.changes()
        if "paper" in (preset, self.preset):
            changes = {key: value for key, value in changes.items() if key.split(".")[0] not in _OF_DETECTOR}
        return Recipe.of(preset, changes)

    @property
    def shape(self) -> tuple[int, int]:
        """`size` as (H, W): a square where only a side is given."""
        return (self.size, self.size) if isinstance(self.size, int) else self.size

    def flat(self) -> dict[str, Option]:
        """All values by dotted name, but for the preset's name: what can be changed."""
        values: dict[str, Option] = {}
        for item in dataclasses.fields(self):
            value = getattr(self, item.name)
            if item.name == "detector":
                values["detector"] = value.name
                inside = value.options
            elif dataclasses.is_dataclass(value):
                inside = vars(value)
            else:
                values[item.name] = value
                continue
            values |= {f"{item.name}.{name}": part for name, part in inside.items()}
        del values["preset"]
        return values

    def changes(self) -> dict[str, Option]:
        """What differs from the preset: `Recipe.of(recipe.preset, recipe.changes()) == recipe`."""
        base = PRESETS.get(self.preset, PRESETS["balanced"])
        switch = {} if base.detector.name == self.detector.name else {"detector": self.detector.name}
        try:
            usual = base.replace(switch).flat()
        except RecipeError:  # The detector is not installed here.
            usual = base.flat()
        return switch | {name: value for name, value in self.flat().items() if value != usual.get(name)}

    def decisive(self) -> dict[str, Option]:
        """All that decides the result, by dotted name: files count by what they hold."""
        values = self.flat()
        for name in {"weights", "roi", "ignore", "flows"} & {name for name, value in values.items() if value}:
            if (path := str(values[name])) not in ("hub", "random") and Path(path).is_file():
                values[name] = sha256_of_file(Path(path))
        return values

    def fingerprint(self) -> str:
        """A checksum of `decisive`: two recipes of one fingerprint give the same from the same pictures."""
        return hashlib.sha256(json.dumps(self.decisive(), sort_keys=True).encode()).hexdigest()

    def _with_detector(self, name: str) -> "Recipe":
        if self.preset == "paper" and name != self.detector.name:
            raise RecipeError(
                f"The preset paper is {self.detector.name} as published and takes no other detector; choose "
                f"the preset balanced for {name}."
            )
        kind = detector_kind(name)
        if name == self.detector.name:
            return self
        own = detector_kind(self.detector.name)
        options = kind.default_options()
        if kind.family and kind.family == own.family:
            defaults = own.default_options()
            options |= {key: value for key, value in self.detector.options.items() if value != defaults[key]}
        return dataclasses.replace(
            self,
            detector=DetectorRecipe(name=name, options=options),
            aggregation=kind.aggregation,
            strides=kind.strides,
            reflect_padding=kind.reflect_padding,
            augmentation=kind.augmentation,
            views=kind.views,
        )

    def _part(self, part: str, inside: Mapping[str, object]) -> object:
        own = getattr(self, part)
        if isinstance(own, DetectorRecipe):
            named = own.flow(inside["flow"]) if "flow" in inside else {}
            return own.with_options(named | {name: value for name, value in inside.items() if name != "flow"})
        hints = get_type_hints(type(own))
        for name in inside.keys() - hints.keys():
            raise RecipeError(f"A recipe has no '{part}.{name}'; {self._nearest(f'{part}.{name}')}")
        return dataclasses.replace(
            own, **{name: checked(hints[name], value, f"{part}.{name}") for name, value in inside.items()}
        )

    def _nearest(self, name: str) -> str:
        return did_you_mean(name, self.flat(), f"it has {', '.join(self.flat())}.")


_ACCURATE = {"blocks": 4, "hidden": 128, "expansion": 4, "steps": 4000, "peak_rate": 3e-3}

PRESETS: Mapping[str, Recipe] = {
    recipe.preset: recipe
    for recipe in (
        Recipe(preset="fast").replace({"detector.steps": 400}),
        Recipe(preset="balanced"),
        Recipe(preset="accurate").replace({f"detector.{name}": value for name, value in _ACCURATE.items()}),
        dataclasses.replace(Recipe(size=(256, 256)).replace(detector="paper-cflow"), preset="paper"),
    )
}
"""Ready choices between speed and accuracy, and the paper's own."""
