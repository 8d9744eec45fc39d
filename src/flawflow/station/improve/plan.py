"""What a training is asked for, and the command that asks for the same."""

import shlex
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Self

from flawflow.card import Card
from flawflow.cli.train import DETECTORS

Preset = Literal["fast", "balanced", "accurate", "paper"]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A training like the model's own, on other pictures.

    Attributes:
        data: The data set's folder.
        output: The model file to write.
        preset: As of `flawflow train`, like the others.
        detector: What follows the encoder.
        encoder: The frozen encoder.
        weights: "random", "hub", or None for those of an installed package.
        size: (height, width) in pixels.
        seed: Of every random choice.
    """

    data: str
    output: str
    preset: str
    detector: str
    encoder: str
    weights: str | None
    size: tuple[int, int]
    seed: int

    @classmethod
    def like(cls, card: Card, *, data: Path, output: Path, preset: Preset) -> Self:
        """Plan a training with the encoder, detector, size and seed of a model."""
        weights = next((w for w in ("random", "hub") if card.encoder.weights.startswith(f"{w} ")), None)
        return cls(
            data=str(data.absolute()),
            output=str(output.absolute()),
            preset=preset,
            # The paper's detector comes with its preset, which takes no other.
            detector=card.detector if preset != "paper" and card.detector in DETECTORS else "cflow",
            encoder=card.encoder.name,
            weights=weights,
            size=card.size,
            seed=card.training.seed,
        )

    def command(self) -> str:
        """The command that does the same in another place, where the data set must be too."""
        words = [
            "flawflow", "train", self.data, "-o", Path(self.output).name, "--preset", self.preset,
            "--detector", self.detector, "--encoder", self.encoder,
            "--size", "x".join(map(str, self.size)), "--seed", str(self.seed),
        ]  # fmt: skip
        return shlex.join([*words, *(["--weights", self.weights] if self.weights else []), "--resume"])

    def options(self) -> dict[str, Any]:
        """The options of `flawflow.learn.train.train`, all but data and output."""
        options = asdict(self)
        return {key: value for key, value in options.items() if key not in ("data", "output")}

    @classmethod
    def of(cls, values: dict[str, Any]) -> Self:
        """Put together what `dataclasses.asdict` and JSON took apart."""
        height, width = values["size"]
        return cls(**{**values, "size": (height, width)})
