"""A model proves itself where it runs: its canaries say here what they said where it was made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from flawflow.errors import ModelFileError
from flawflow.model_file.canary import DRAWINGS, Canary, draw
from flawflow.model_file.card import Card
from flawflow.runtime.engine import OnnxRuntimeEngine
from flawflow.runtime.engines import engine_kind
from flawflow.runtime.processor import processor

Infer = Callable[[NDArray[np.uint8]], tuple[NDArray[np.float32], float]]
"""Gives the map (H, W) and the score of a picture (H, W, 3)."""

# What two engines may differ by, by precision (tests/training/test_parity.py). bfloat16 loses more on
# drawings, which are unlike all that a model was trained on.
MAX_DIFFERENCE = {"fp32": 1e-4, "fp16": 1e-4, "bf16": 1e-1, "int8": 3e-2}


@dataclass(frozen=True)
class Proof:
    """What a model's canaries showed in one engine on this processor.

    Attributes:
        engine: The engine's name.
        safe: Whether the engine computes in its safe way: the fast one was wrong here, or cannot be trusted.
        differences: By drawing, how far its canary is from what the model's maker measured, as of
            `Canary.difference`; empty where the file is older than canaries.
        limit: What they may be.
    """

    engine: str
    safe: bool
    differences: Mapping[str, float]
    limit: float

    def with_other(self, other: "Proof") -> "Proof":
        """Together with what another part of the model showed: of each drawing, the larger difference."""
        names = self.differences.keys() | other.differences.keys()
        larger = {name: max(part.differences.get(name, 0.0) for part in (self, other)) for name in names}
        return replace(self, differences=larger)

    @property
    def difference(self) -> float:
        """The largest of the differences; 0 where there are none."""
        return max(self.differences.values(), default=0.0)

    @property
    def holds(self) -> bool:
        """Whether the model computes here what it computed where it was made."""
        return self.difference <= self.limit

    @property
    def sentence(self) -> str:
        """What it shows, for people."""
        release = engine_kind(self.engine).version
        where = f"{self.engine} {release} on {processor()}{', in its safe way,' if self.safe else ''}"
        if not self.differences:
            return f"{where} runs a file that is older than canaries: nothing shows that it computes the same"
        shown = "computes the same" if self.holds else "does not compute the same"
        return (
            f"{where} {shown} as where the model was made: canaries differ by {self.difference:.2g}, "
            f"{self.limit:g} is allowed"
        )


def record_canaries(graph: bytes, size: tuple[int, int]) -> tuple[Canary, ...]:
    """What a graph says about the drawings, for its card: by ONNX Runtime in its safe way.

    Args:
        graph: Serialised ONNX ModelProto.
        size: (height, width) of its pictures.

    Raises:
        ModelFileError: When the graph cannot be run.
    """
    engine = OnnxRuntimeEngine(graph, safe=True)
    outputs = {drawing: engine.run(draw(drawing, size)[None]) for drawing in DRAWINGS}
    return tuple(
        Canary.of(drawing, maps[0], float(scores[0])) for drawing, (maps, scores, *_) in outputs.items()
    )


def ways(card: Card) -> tuple[bool, ...]:
    """In which ways an engine is tried, each as `safe`.

    Without canaries nothing shows that another way were better. An int8 file without them may have weights of
    8 bits, whose products not every processor can add.
    """
    return (False, True) if card.canaries else (card.precision == "int8",)


def prove(infer: Infer, card: Card, *, engine: str, safe: bool) -> Proof:
    """Let a model tell of its canaries; without any, one black picture shows that graph and card fit.

    Raises:
        ModelFileError: When the model computes otherwise here than where it was made, or cannot be run.
    """
    if not card.canaries:
        infer(np.zeros((*card.size, 3), np.uint8))
    level = max(map(abs, card.colormap_range))
    differences = {
        canary.drawing: canary.difference(
            Canary.of(canary.drawing, *infer(draw(canary.drawing, card.size))), level=level
        )
        for canary in card.canaries
    }
    proof = Proof(engine=engine, safe=safe, differences=differences, limit=MAX_DIFFERENCE[card.precision])
    if not proof.holds:
        raise ModelFileError(f"{proof.sentence}; {engine_kind(engine).way_out}")
    return proof
