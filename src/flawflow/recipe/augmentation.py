"""How far the random views of a good picture go; `flawflow.training.augment` makes them."""

from dataclasses import dataclass
from typing import Literal

Edge = Literal["reflect", "black"]


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """How far the random views of a good picture go; each amount is drawn evenly from ±its bound.

    Attributes:
        degrees: Rotation.
        shift: Shift along each axis, as a part of the side.
        brightness: Relative change of brightness.
        contrast: Relative change of contrast.
        edge: See `flawflow.training.augment.rotate`.
        light: How far the light goes, 1 for what a hall may do to it: exposure up to ±50 %, a fall of light
            from any side, the camera's gamma, the lamp's colour, and the lens slightly out of focus.
        flips: Mirror at random, and turn by quarters; by halves where the picture is not square.
    """

    degrees: float = 5.0
    shift: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    edge: Edge = "reflect"
    light: float = 0.0
    flips: bool = False

    @property
    def moves(self) -> bool:
        """Whether a view shows anything at another place."""
        return bool(self.degrees or self.shift or self.flips)


MODERATE = Augmentation()
"""Turned by up to ±5°."""

LIT = Augmentation(degrees=0.0, light=0.3)
"""As it is, under another light: a third of what a hall may do to it."""

REFERENCE = Augmentation(degrees=5.0, edge="black")
"""What the paper's reference does to every training picture."""

ROBUST_VIEWS = 2
"""Views of each picture, at least, of a recipe that is robust."""
