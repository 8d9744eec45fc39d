"""Flows that several products share: learned from the whitened vectors of all, then kept.

What a product's statistics whiten has mean 0 and covariance I whatever the product is; what is left for a
flow to learn, the shapes of tails and what varies together beyond a covariance, comes of the encoder more
than of the product. So one flow of each density serves all, and a product brings its statistics alone:
positions' means, covariances, the Gaussian of whole pictures, and how far all of these are on good pictures.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from flawflow.errors import TrainingError
from flawflow.recipe import Recipe
from flawflow.recipe.options import CflowOptions, Option
from flawflow.training.detectors.density import coupling_blocks
from flawflow.training.detectors.unlearned import Density
from flawflow.training.encoder import Encoder
from flawflow.training.flows import Chain
from flawflow.training.unfinished_work import stored_text
from flawflow.typed import parse

_KIND = "flawflow.flows"

MadeFor = Mapping[str, Option]
"""What must be the same of all products that share flows."""


@dataclass(frozen=True)
class SharedFlows:
    """Flows by the number of their density; called with a density, they give its flow.

    Attributes:
        made_for: What must be the same of every product: encoder, detector and its options, seed.
        blocks: Of each density, what was learned.
        recipe: What the products are trained by, but for what each has of its own.
    """

    made_for: MadeFor
    blocks: Mapping[int, Chain]
    recipe: Recipe

    def __call__(self, density: Density) -> Chain:
        """What whitens a density's vectors, then the shared blocks.

        Raises:
            TrainingError: They are of another number of channels.
        """
        blocks = self.blocks.get(density.number)
        if blocks is None or blocks.dimension != density.flow.dimension:
            raise TrainingError(
                f"The shared flows do not fit the {density.flow.dimension} channels of {density.name}: these "
                "pictures are too few at this size to tell as many channels apart as others have; give more "
                "pictures, or a larger size."
            )
        own = [*density.flow][: density.own]
        return Chain(*own, *blocks)

    def check(self, recipe: Recipe, encoder: Encoder) -> None:
        """Make sure that a training is of the kind that the flows were learned for.

        Raises:
            TrainingError: It is not; the message names what differs.
        """
        wanted = made_for(recipe, encoder)
        different = sorted(
            key for key in {**wanted, **self.made_for} if wanted.get(key) != self.made_for.get(key)
        )
        if different:
            raise TrainingError(
                f"Products that share flows need the same {', '.join(different)}: leave out what changes it, "
                "or train this product by itself."
            )

    def to_bytes(self) -> bytes:
        """The flows as safetensors."""
        tensors = {
            f"{number}.{name}": tensor.detach().cpu().contiguous()
            for number, blocks in self.blocks.items()
            for name, tensor in blocks.state_dict().items()
        }
        shapes = {
            number: (blocks.dimension, blocks.condition_dimension) for number, blocks in self.blocks.items()
        }
        recipe = {"preset": self.recipe.preset, "changes": self.recipe.changes()}
        facts = {"made_for": self.made_for, "shapes": shapes, "recipe": recipe}
        return save(tensors, {_KIND: json.dumps(facts, sort_keys=True)})

    @classmethod
    def from_bytes(cls, content: bytes, name: str) -> "SharedFlows":
        """Read what `to_bytes` gave.

        Args:
            content: The bytes.
            name: Of the file, for the sentence.

        Raises:
            TrainingError: They are none.
        """
        try:
            facts = json.loads(stored_text(content, _KIND))
            tensors = load(content)
            kind = as_made_for(facts["made_for"])
            options = options_of(kind)
            recipe = Recipe.of(facts["recipe"]["preset"], facts["recipe"]["changes"])
            blocks = {}
            for key, (dimension, condition) in facts["shapes"].items():
                flow = Chain(*coupling_blocks(dimension, condition, options, torch.Generator()))
                own = {name.partition(".") for name in tensors}
                flow.load_state_dict(
                    {part: tensors[f"{number}.{part}"] for number, _, part in own if number == key}
                )
                blocks[int(key)] = flow.requires_grad_(False)
        except (SafetensorError, ValueError, LookupError, TypeError, RuntimeError, RecursionError) as error:
            raise TrainingError(
                f"{name} holds no flows that products share ({error}): give a file of flawflow fleet train "
                "--joint."
            ) from None
        return cls(kind, blocks, recipe)


def shared_flows(recipe: Recipe) -> SharedFlows | None:
    """The flows that a recipe names; None where it names none.

    Raises:
        TrainingError: They cannot be read, or the detector has none.
    """
    if recipe.flows is None:
        return None
    try:
        content = Path(recipe.flows).read_bytes()
    except OSError as error:
        raise TrainingError(f"{recipe.flows} cannot be read ({error.strerror}): check the path.") from None
    return SharedFlows.from_bytes(content, recipe.flows)


def made_for(recipe: Recipe, encoder: Encoder) -> MadeFor:
    """What must be the same of all products that share flows; JSON-ready.

    Raises:
        TrainingError: The detector is none whose flows can be shared.
    """
    if recipe.detector.kind.family != "cflow":
        raise TrainingError(
            f"The detector {recipe.detector.name} has no flows that products could share: choose cflow."
        )
    return {
        "encoder": recipe.encoder,
        "weights": encoder.weights_info.sha256,
        "strides": recipe.strides,
        "reflect_padding": recipe.reflect_padding,
        "seed": recipe.seed,
        "detector": recipe.detector.name,
        **{f"detector.{name}": value for name, value in recipe.detector.options.items()},
    }


def as_made_for(plain: MadeFor) -> MadeFor:
    """What JSON gave, which has no tuples."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in plain.items()}


def options_of(facts: MadeFor) -> CflowOptions:
    """The options of the detector that flows were made for."""
    given = {key.partition(".")[2]: value for key, value in facts.items() if key.startswith("detector.")}
    options: CflowOptions = parse(CflowOptions, given)
    return options
