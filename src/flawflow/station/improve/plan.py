"""What a training is asked for, and the command that asks for the same."""

import re
import shlex
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Self

from flawflow.card import Card, EncoderCard
from flawflow.cli.train import DETECTORS
from flawflow.station.errors import ConflictError

Preset = Literal["fast", "balanced", "accurate", "paper"]

# How a preset's name says what was chosen beside it: "balanced, flow nice, augment auto".
_CHOICE = re.compile(", (flow|augment) ([a-z]+)")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A training like the model's own, on other pictures.

    Attributes:
        data: The data set's folder.
        output: The model file to write.
        preset: As of `flawflow train`, like the others.
        detector: What follows the encoder.
        encoder: The frozen encoder.
        weights: "random", "hub", a file's name, or None for those of an installed package.
        size: (height, width) in pixels.
        seed: Of every random choice.
        flow: The family of the detector's flows.
        augment: "auto" where the model learned from turned or mirrored views, else "none".
        roi: The model itself where it looks at a part of the pictures, else None.
    """

    data: str
    output: str
    preset: str
    detector: str
    encoder: str
    weights: str | None
    size: tuple[int, int]
    seed: int
    flow: str = "realnvp"
    augment: str = "none"
    roi: str | None = None

    @classmethod
    def like(cls, card: Card, *, model: Path, data: Path, output: Path, preset: Preset) -> Self:
        """Plan a training with all that a model's card says of its own, but for the preset.

        Args:
            card: The model's card.
            model: Its file.
            data: The data set's folder.
            output: The model file to write.
            preset: Speed against accuracy.
        """
        # The paper's detector and flow come with its preset, which takes no other.
        is_paper = preset == "paper"
        chosen = {} if is_paper else dict(_CHOICE.findall(card.preset))
        return cls(
            data=str(data.absolute()),
            output=str(output.absolute()),
            preset=preset,
            detector=card.detector if not is_paper and card.detector in DETECTORS else "cflow",
            encoder=card.encoder.name,
            weights=_weights(card.encoder),
            size=card.size,
            seed=card.training.seed,
            flow=chosen.get("flow", "realnvp"),
            augment=chosen.get("augment", "none"),
            roi=str(model.absolute()) if card.interest else None,
        )

    def require_weights(self) -> None:
        """Refuse to begin without the encoder's weights: a card knows the name of their file, not its place.

        Raises:
            ConflictError: They are of a file that is not here.
        """
        if self.weights in (None, "random", "hub") or Path(str(self.weights)).is_file():
            return
        raise ConflictError(
            f"the encoder's weights were read from {self.weights}, which is not here: put it into the folder "
            f"that the station was started in, or run this where it is: {self.command()}"
        )

    def command(self) -> str:
        """The command that does the same in another place, where the files that it names must be too."""
        words = [
            "flawflow", "train", self.data, "-o", Path(self.output).name, "--preset", self.preset,
            "--detector", self.detector, "--flow", self.flow, "--encoder", self.encoder,
            "--size", "x".join(map(str, self.size)), "--seed", str(self.seed), "--augment", self.augment,
        ]  # fmt: skip
        for option, value in (("--weights", self.weights), ("--roi", self.roi)):
            words += [option, value] if value else []
        return shlex.join([*words, "--resume"])

    def options(self) -> dict[str, Any]:
        """The options of `flawflow.learn.train.train`, all but data and output."""
        options = asdict(self)
        return {key: value for key, value in options.items() if key not in ("data", "output")}

    @classmethod
    def of(cls, values: dict[str, Any]) -> Self:
        """Put together what `dataclasses.asdict` and JSON took apart."""
        height, width = values["size"]
        return cls(**{**values, "size": (height, width)})


def _weights(encoder: EncoderCard) -> str | None:
    """What to ask for to get the weights that a card tells of."""
    for kind in ("random", "hub"):
        if encoder.weights.startswith(f"{kind} "):
            return kind
    # A package states its licence; of a file that a person gave none is known.
    return encoder.weights if encoder.weights_licence == "not stated" else None
