"""The one way from a picture to what the model says about it."""

import contextlib
import dataclasses
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from flawflow.decision.calibration import Calibration
from flawflow.decision.roi import decode_run_lengths
from flawflow.errors import FlawflowError, ModelFileError
from flawflow.images import ImageSource, read_image, resize_image
from flawflow.images.statistics import image_statistics
from flawflow.inspection.explain import Explainer
from flawflow.inspection.inspection import Failure, Inspection, Timings
from flawflow.inspection.loading import load_parts
from flawflow.inspection.localization import is_whole_image, regions_at
from flawflow.inspection.parallel import in_order
from flawflow.inspection.tiled import TiledModel, TileEngine
from flawflow.model_file import ModelFile, read_model
from flawflow.model_file.card import Card
from flawflow.renamed import warn_renamed
from flawflow.runtime.canary_check import Proof, ways
from flawflow.runtime.engine import Engine, Measured, measure_one
from flawflow.storage.paths import to_path


class Inspector:
    """Inspects pictures with one model. Safe to use from several threads.

    Attributes:
        card: What the model file says about the model.
        sha256: Hex digest of the model file that was loaded, whatever stands under its name since; "" for an
            inspector that was made without a file.
        roi_mask: bool, (H, W) of `card.size`: which pixels count. The model's map has its lowest value where
            they do not, and its score leaves them out.
    """

    def __init__(
        self, engine: Engine, card: Card, proof: Proof | None = None, *, tiles: TileEngine | None = None
    ) -> None:
        self._engine, self._tiles = engine, tiles
        self._origin: tuple[Path, str, int | None] | None = None
        self._explainer: Explainer | None = None
        self.card = card
        self.sha256 = ""
        self._proof = proof
        self.roi_mask = decode_run_lengths(card.roi_run_lengths, card.size)
        if (tiles is None) != (card.tiles is None):
            raise ValueError("a card with tiles takes an engine for them, and no other card does")
        self._tiled = None
        if tiles is not None and card.tiles is not None:
            self._tiled = TiledModel(tiles, card.tiles, self.roi_mask)

    @classmethod
    def load(cls, path: str | Path, *, engine: str = "onnxruntime", threads: int | None = None) -> Self:
        """Load a model file.

        Args:
            path: The `.flaw` file.
            engine: What runs the graph: "onnxruntime", "openvino" or one that another package registered;
                behind a colon perhaps a device, as "openvino:GPU".
            threads: CPU threads for one picture; as many as there are cores where it is not given.

        Raises:
            EngineError: When the engine is not installed, or has no such device here.
            ModelFileError: When the file is missing, damaged, foreign or made by a newer flawflow, or when
                its canaries show that the engine computes otherwise on this processor.
        """
        model = read_model(to_path(path))
        try:
            inspector = cls.of(model, engine=engine, threads=threads)
        except ModelFileError as error:
            raise ModelFileError(f"{path}: {error}") from None
        inspector._origin = (to_path(path).absolute(), engine, threads)
        return inspector

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled and copied by the model's file, which must be there, and the same, when it is loaded again.

        Raises:
            TypeError: It was not loaded from a file.
        """
        if self._origin is None:
            raise TypeError("an Inspector is pickled by its model file: make it with Inspector.load")
        path, engine, threads = self._origin
        return _loaded_again, (type(self), (path, engine, threads), self.sha256, self.card.calibration)

    @classmethod
    def of(cls, model: ModelFile, *, engine: str = "onnxruntime", threads: int | None = None) -> Self:
        """Make an inspector of a model file's content; see `load`.

        The engine computes in its fast way, and in its safe one where that gives the canaries other values.

        Raises:
            EngineError: When the engine is not installed.
            ModelFileError: When its graph cannot be run, does not fit its card or is computed otherwise here.
        """
        *faster, last = ways(model.card)
        for safe in faster:
            with contextlib.suppress(ModelFileError):
                return cls._in_way(model, engine, threads, safe=safe)
        return cls._in_way(model, engine, threads, safe=last)

    @classmethod
    def _in_way(cls, model: ModelFile, engine: str, threads: int | None, *, safe: bool) -> Self:
        loaded = load_parts(model, engine=engine, threads=threads, safe=safe)
        inspector = cls(loaded.whole, model.card, loaded.proof, tiles=loaded.tiles)
        inspector.sha256, inspector._explainer = model.sha256, Explainer.of(model)
        return inspector

    @property
    def proof(self) -> Proof:
        """What the model's canaries showed when its file was loaded."""
        assert self._proof is not None, "made of an engine and a card, not loaded"
        return self._proof

    def with_calibration(self, calibration: Calibration) -> Self:
        """The same model, judging by another calibration, such as `card.calibration.with_rates(…)`."""
        card = dataclasses.replace(self.card, calibration=calibration)
        other = type(self)(self._engine, card, self._proof, tiles=self._tiles)
        other.sha256, other._origin, other._explainer = self.sha256, self._origin, self._explainer
        return other

    def inspect(self, source: ImageSource, *, max_pixels: int | None = None) -> Inspection:
        """Inspect one picture.

        Args:
            source: A file's path, its content, a Pillow image, or an array.
            max_pixels: Larger pictures are refused by their header, undecoded; None for the process's limit.

        Raises:
            ImageError: When the picture cannot be read.
        """
        return self.inspect_with_image(source, max_pixels=max_pixels)[0]

    def inspect_with_image(
        self, source: ImageSource, *, max_pixels: int | None = None
    ) -> tuple[Inspection, NDArray[np.uint8]]:
        """Inspect one picture as `inspect` does and give its pixels too, which nobody need read again.

        Returns:
            The inspection, and the picture, uint8 (H, W, 3) RGB.
        """
        started = perf_counter()
        picture, read = read_image(source, max_pixels=max_pixels), perf_counter()
        prepared, ready = resize_image(picture, self.card.size), perf_counter()
        graph_map, score, evidence = self._measured(picture, prepared)
        inferred = perf_counter()
        size, calibration = (picture.shape[0], picture.shape[1]), self.card.calibration
        p_value, verdict = calibration.p_value(score), calibration.verdict(score)
        regions = regions_at(graph_map, size, self.card, verdict)
        statistics = image_statistics(prepared, self.roi_mask) if len(self.card.drift) else None
        judged = perf_counter()
        found = Inspection(
            path=_path(source),
            score=score,
            p_value=p_value,
            verdict=verdict,
            size=size,
            graph_map=graph_map,
            regions=regions,
            timings=Timings(
                read=read - started, prepare=ready - read, infer=inferred - ready, judge=judged - inferred
            ),
            statistics=statistics,
            whole_image=is_whole_image(calibration, score, evidence),
            explainer=partial(self._explainer.explain, prepared) if self._explainer else None,
        )
        return found, picture

    def inspect_with_picture(
        self, source: ImageSource, *, max_pixels: int | None = None
    ) -> tuple[Inspection, NDArray[np.uint8]]:
        """The former name of `inspect_with_image`."""
        warn_renamed("Inspector.inspect_with_picture", "inspect_with_image")
        return self.inspect_with_image(source, max_pixels=max_pixels)

    def inspect_many(
        self, sources: Iterable[ImageSource], *, workers: int | None = None
    ) -> Iterator[Inspection | Failure]:
        """Inspect many pictures: the same results as `inspect`, faster, in the order of the sources.

        Args:
            sources: Pictures; taken lazily, so that a source without end is welcome.
            workers: Threads; by default one a core, between 2 and 8.

        Yields:
            An inspection for each picture, or a failure for one that cannot be inspected.

        Raises:
            TypeError: When `sources` is one picture.
            ValueError: When `workers` is less than 1.
        """
        if isinstance(sources, str | bytes | Path):
            raise TypeError("inspect_many takes several pictures; give one picture to inspect")

        def inspected(source: ImageSource) -> Inspection | Failure:
            try:
                return self.inspect(source)
            except FlawflowError as error:
                return Failure(_path(source), str(error))

        return in_order(inspected, sources, workers=workers)

    def measure(self, source: ImageSource) -> tuple[NDArray[np.float32], float]:
        """The anomaly map as the model gives it and the image score of a picture, not judged.

        Args:
            source: A file's path, its content, a Pillow image, or an array.

        Returns:
            Map float32 of `card.size`, or of the tiles' map, and score; higher is more anomalous.

        Raises:
            ImageError: When the picture cannot be read.
        """
        picture = read_image(source)
        return self.measure_prepared(picture, resize_image(picture, self.card.size))

    def measure_prepared(
        self, picture: NDArray[np.uint8], prepared: NDArray[np.uint8]
    ) -> tuple[NDArray[np.float32], float]:
        """As `measure`, of a picture, (H, W, 3), that is there at the model's size, too."""
        return self._measured(picture, prepared)[:2]

    def _measured(self, picture: NDArray[np.uint8], prepared: NDArray[np.uint8]) -> Measured:
        whole, tiled = measure_one(self._engine, prepared, self.card.size), self._tiled
        if tiled is None:
            return whole
        return Measured(*tiled.measure(picture, whole.anomaly_map, whole.score), whole.evidence)


def _loaded_again(
    kind: type[Inspector], origin: tuple[Path, str, int | None], sha256: str, calibration: Calibration
) -> Inspector:
    path, engine, threads = origin
    inspector = kind.load(path, engine=engine, threads=threads)
    if inspector.sha256 != sha256:
        raise ModelFileError(f"{path} is another model than the one that was pickled: take that model again")
    return inspector.with_calibration(calibration)


def _path(source: ImageSource) -> Path | None:
    return to_path(source) if isinstance(source, str | Path) else None
