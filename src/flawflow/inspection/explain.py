"""What good looks like where a picture is not: good patches of the model's memory, without torch."""

import base64
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from flawflow.decision.regions import Region
from flawflow.errors import ImageError, ModelFileError
from flawflow.images import read_image
from flawflow.model_file import ModelFile
from flawflow.model_file.graph_outputs import with_outputs
from flawflow.model_file.memory import PATCH_FEATURES, Memory, memory_of
from flawflow.runtime.engine import INPUT, open_session

if TYPE_CHECKING:
    import onnxruntime as ort

NO_MEMORY = (
    "the model keeps no good patches to show what good looks like: train it with flawflow train --explain 300"
)

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Good:
    """A piece of a good training image.

    Attributes:
        image: uint8 (h, w, 3) RGB, at the model's resolution.
        picture: The name of the image's file.
    """

    image: Pixels = field(repr=False)
    picture: str


@dataclass(frozen=True, eq=False)
class Explanation:
    """What good looks like around a region.

    Attributes:
        region: Of the inspection.
        box: (left, top, right, bottom) of what is shown, in pixels of the picture; right and bottom are
            exclusive.
        image: The picture there, uint8 (h, w, 3) RGB, at the model's resolution.
        nearest: Of the good patches there the one whose features are nearest to the picture's.
        distance: How far they are: 1 is how far good patches of a place usually are from their mean.
        likeliest: Of the good patches there the one whose features are nearest to the mode of the flows,
            which is the same for every picture; None where the detector has no flows.
    """

    region: Region
    box: tuple[int, int, int, int]
    image: Pixels = field(repr=False)
    nearest: Good
    distance: float
    likeliest: Good | None


class Explainer:
    """Explains with one model. Safe to use from several threads; nothing is loaded before it is asked.

    Args:
        graph: The model's.
        memory: What it keeps.
    """

    def __init__(self, graph: bytes, memory: Memory) -> None:
        self._graph, self._memory = graph, memory
        self._lock = threading.Lock()
        self._session: ort.InferenceSession | None = None

    @classmethod
    def of(cls, model: ModelFile) -> Self | None:
        """What explains with a model file; None where it keeps no patches.

        Raises:
            ModelFileError: What it keeps is damaged.
        """
        memory = memory_of(model.graph)
        return None if memory is None else cls(model.graph, memory)

    def __getstate__(self) -> dict[str, Any]:
        """What is pickled: a session is made where it is needed."""
        return {"graph": self._graph, "memory": self._memory}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Begin without a session."""
        self.__init__(state["graph"], state["memory"])  # type: ignore[misc]

    def explain(
        self, prepared: Pixels, regions: Sequence[Region], size: tuple[int, int]
    ) -> tuple[Explanation, ...]:
        """Explain the regions of a picture.

        Args:
            prepared: The picture at the model's size, uint8 (H, W, 3).
            regions: In pixels of the picture.
            size: (H, W) of the picture.

        Raises:
            ModelFileError: The graph does not give what patches are compared by, or a patch is damaged.
        """
        if not regions:
            return ()
        vectors = self._features(prepared)
        return tuple(self._explained(prepared, vectors, region, size) for region in regions)

    def _explained(
        self, prepared: Pixels, vectors: NDArray[np.float32], region: Region, size: tuple[int, int]
    ) -> Explanation:
        memory = self._memory
        down, across = size[0] / prepared.shape[0], size[1] / prepared.shape[1]
        window = memory.window_at(region.centroid[0] / across, region.centroid[1] / down)
        (top, left), (height, width) = memory.corner(window), memory.size
        number, distance = memory.nearest(window, vectors[window])
        return Explanation(
            region=region,
            box=(
                round(left * across),
                round(top * down),
                round((left + width) * across),
                round((top + height) * down),
            ),
            image=prepared[top : top + height, left : left + width],
            nearest=self._good(number),
            distance=distance,
            likeliest=self._good(memory.likeliest[window]) if memory.likeliest else None,
        )

    def _good(self, number: int) -> Good:
        patch = self._memory.patches[number]
        try:
            pixels = read_image(base64.b64decode(patch.jpeg), max_pixels=4 * self._memory.size[0] ** 2)
        except (ImageError, ValueError) as error:
            raise ModelFileError(
                f"a good patch of the model cannot be read ({error}): train it again"
            ) from None
        return Good(pixels, patch.picture)

    def _features(self, prepared: Pixels) -> NDArray[np.float32]:
        with self._lock:
            if self._session is None:
                wanted = with_outputs(self._graph, {PATCH_FEATURES: PATCH_FEATURES})
                self._session = open_session(wanted, threads=1)
        found: NDArray[np.float32] = self._session.run([PATCH_FEATURES], {INPUT: prepared[None]})[0]
        memory = self._memory
        expected = (1, len(memory.tops) * len(memory.lefts), memory.vectors.shape[1])
        if found.shape != expected:
            raise ModelFileError(
                f"the model gives features of patches of shape {found.shape}, not {expected}: train it again"
            )
        vectors: NDArray[np.float32] = found[0]
        return vectors
