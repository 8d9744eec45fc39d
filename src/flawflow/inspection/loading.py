"""From a model file's content to what runs it, proved by its canaries."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from flawflow.inspection.tiled import TileEngine
from flawflow.model_file import ModelFile
from flawflow.model_file.graph_outputs import TILES, with_outputs, with_whole
from flawflow.runtime.canary_check import Proof, prove
from flawflow.runtime.engine import Engine, run_one
from flawflow.runtime.engines import load_engine


@dataclass(frozen=True)
class Loaded:
    """What runs a model.

    Attributes:
        whole: Runs whole pictures.
        tiles: Runs tiles; None where the model has none.
        proof: What the canaries showed.
    """

    whole: Engine
    tiles: TileEngine | None
    proof: Proof


def load_parts(model: ModelFile, *, engine: str, threads: int | None, safe: bool) -> Loaded:
    """Load a model's graph, and prove that it computes here what it did where it was made.

    Args:
        model: The file's content.
        engine: As of `flawflow.runtime.engines.load_engine`.
        threads: As of `load_engine`; of a model with tiles, as many tiles at once, too.
        safe: As of `load_engine`.

    Raises:
        EngineError: The engine is not installed.
        ModelFileError: The graph cannot be run, or computes otherwise here.
    """
    card = model.card
    graph = with_whole(model.graph)
    whole = load_engine(engine, graph, precision=card.precision, threads=threads, safe=safe)

    def infer(prepared: NDArray[np.uint8]) -> tuple[NDArray[np.float32], float]:
        return run_one(whole, prepared, card.size)

    # The first pictures also pay what only they cost.
    proof = prove(infer, card, engine=engine, safe=safe)
    if card.tiles is None:
        return Loaded(whole, None, proof)
    # Side by side, a thread each: that takes less time than one after the other with all threads.
    graph = with_outputs(model.graph, TILES)
    tiles = TileEngine(load_engine(engine, graph, precision=card.precision, threads=1, safe=safe), threads)
    of_tiles = replace(card, canaries=card.tiles.canaries)
    return Loaded(whole, tiles, proof.with_other(prove(tiles.infer, of_tiles, engine=engine, safe=safe)))
