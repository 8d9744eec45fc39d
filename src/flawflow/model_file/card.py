"""The card of a model: what it is, where it comes from, how to judge by it.

It travels as JSON inside the model file. Reading is strict: every field must be there, of its type
and in its range, and nothing else may be. A change of fields is a new `FORMAT_VERSION`; a new field
has a default, which it gets where an older file lacks it.
"""

import json
import math
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from flawflow.decision.calibration import Calibration
from flawflow.decision.drift_baseline import NO_BASELINE, DriftBaseline
from flawflow.decision.light import Adaptation, LightReference
from flawflow.decision.roi import check_run_lengths
from flawflow.errors import ModelFileError
from flawflow.model_file.canary import Canary
from flawflow.model_file.tile_card import MAX_LEVEL, TileCard
from flawflow.recipe import Recipe
from flawflow.typed import FieldError, completed, json_key, parse, to_plain

FORMAT_VERSION = 7

PRECISIONS = ("fp32", "fp16", "bf16", "int8")

# Far beyond any model's input; it keeps a hostile card from asking for all memory.
MAX_SIDE_PIXELS = 16384


@dataclass(frozen=True)
class EncoderCard:
    """The frozen encoder whose features the detector reads.

    Attributes:
        name: The encoder's name.
        strides: Input pixels per feature vector of each scale, in the order of the scales.
        weights: Where the weights come from.
        weights_sha256: Lower-case hex digest of the weights; empty where there is none.
        weights_licence: The weights' licence; it goes with the model.
    """

    name: str
    strides: tuple[int, ...]
    weights: str
    weights_sha256: str
    weights_licence: str

    def __post_init__(self) -> None:
        if not self.strides or min(self.strides) < 1:
            raise ValueError(f"strides must be one or more positive numbers; got {self.strides}")
        if not re.fullmatch("([0-9a-f]{64})?", self.weights_sha256):
            raise ValueError(f"weights_sha256 must be 64 hex digits or empty; got {self.weights_sha256!r}")


@dataclass(frozen=True)
class TrainingCard:
    """How the model was made.

    Attributes:
        dataset: Name of the data.
        image_count: Good pictures that the detector was trained on.
        seed: Seed of every random choice.
        seconds: Wall time of the training.
    """

    dataset: str
    image_count: int = field(metadata=json_key("picture_count"))
    seed: int
    seconds: float

    def __post_init__(self) -> None:
        if self.image_count < 1:
            raise ValueError(f"picture_count must be positive; got {self.image_count}")
        if not (math.isfinite(self.seconds) and self.seconds >= 0):
            raise ValueError(f"seconds must be zero or more; got {self.seconds}")


@dataclass(frozen=True, kw_only=True)
class Card:
    """All that a model file says about its graph.

    Attributes:
        flawflow_version: The flawflow that wrote the file.
        created: When, in ISO 8601, UTC.
        detector: The detector's name.
        preset: The name of the preset that the training began from.
        size: (height, width) in pixels of the graph's input and of its map.
        encoder: The encoder and its weights.
        training: The data and the run.
        calibration: Scores of good pictures and what follows from them.
        colormap_range: (low, high): the map values that a heat map shows as nothing and as full colour,
            one scale for all pictures of this model.
        roi_run_lengths: Which pixels of the map count, as `flawflow.decision.roi.encode_run_lengths` writes
            them; empty where all do. The graph itself leaves the others out.
        drift: Good pictures of the calibration to compare later ones with; empty where nothing is known.
        canaries: Drawn pictures with what the file's maker measured of them; empty in older files.
        recipe: All that was asked for when the model was trained; None in older files, which do not tell.
        light: The light of the training pictures; None in older files, which do not tell.
        adaptation: How the model was brought to another light; None where it was not.
        tiles: How pictures are inspected in tiles, too; None where they are not.
        precision: How the graph keeps and computes its numbers, of `PRECISIONS`; see docs/export.md.
        format_version: Version of the card's fields.

    Raises:
        ValueError: When a value is outside its range.
    """

    flawflow_version: str
    created: str
    detector: str
    preset: str
    size: tuple[int, int]
    encoder: EncoderCard
    training: TrainingCard
    calibration: Calibration
    colormap_range: tuple[float, float] = field(metadata=json_key("heat_scale"))
    roi_run_lengths: tuple[int, ...] = field(default=(), metadata=json_key("interest"))
    drift: DriftBaseline = NO_BASELINE
    canaries: tuple[Canary, ...] = ()
    recipe: Recipe | None = None
    light: LightReference | None = None
    adaptation: Adaptation | None = None
    tiles: TileCard | None = None
    precision: str = "fp32"
    format_version: int = FORMAT_VERSION

    def __post_init__(self) -> None:
        if self.format_version != FORMAT_VERSION:
            raise ValueError(f"format_version must be {FORMAT_VERSION}; got {self.format_version}")
        if self.precision not in PRECISIONS:
            raise ValueError(f"precision must be one of {', '.join(PRECISIONS)}; got {self.precision!r}")
        if not all(1 <= side <= MAX_SIDE_PIXELS for side in self.size):
            raise ValueError(f"size must be two numbers from 1 to {MAX_SIDE_PIXELS}; got {self.size}")
        check_run_lengths(self.roi_run_lengths, self.size)
        if self.tiles is not None and self.tiles.tile != self.size:
            raise ValueError(f"tiles must be of {self.size}; got {self.tiles.tile}")
        if not (
            all(map(math.isfinite, self.colormap_range)) and self.colormap_range[0] < self.colormap_range[1]
        ):
            raise ValueError(f"heat_scale must be two finite numbers, low < high; got {self.colormap_range}")
        if len({canary.drawing for canary in self.canaries}) < len(self.canaries):
            raise ValueError("canaries must be of different drawings")
        levels = [*self.colormap_range, self.calibration.pixel_threshold, *self.calibration.all_scores]
        levels += (level for canary in self.canaries for level in (canary.score, *canary.points))
        if not all(-MAX_LEVEL <= level <= MAX_LEVEL for level in levels):
            raise ValueError(f"scores, maps, pixel_threshold and heat_scale must be within ±{MAX_LEVEL:g}")
        if datetime.fromisoformat(self.created).utcoffset() != timedelta(0):
            raise ValueError(f"created must be a time in UTC; got {self.created!r}")

    def to_dict(self) -> dict[str, Any]:
        """The card as a JSON-ready dictionary."""
        values: dict[str, Any] = to_plain(self)
        return values

    def to_json(self) -> str:
        """The card as one line of JSON."""
        return json.dumps(self.to_dict(), allow_nan=False)

    @classmethod
    def from_json(cls, text: str | bytes | bytearray) -> "Card":
        """Read a card, refusing whatever is not exactly one.

        Raises:
            ModelFileError: When the text is not a card; the message names the field. Or when a newer
                flawflow wrote it.
        """
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ModelFileError(f"the model card is not JSON ({error}); train the model again") from None
        version = value.get("format_version") if isinstance(value, dict) else None
        if type(version) is int and version > FORMAT_VERSION:
            raise ModelFileError(
                f"the model was made by a newer flawflow (card format {version}, this flawflow reads "
                f"{FORMAT_VERSION}): upgrade flawflow"
            )
        if type(version) is int and 1 <= version < FORMAT_VERSION:
            value = completed(cls, {**value, "format_version": FORMAT_VERSION})
        try:
            card = parse(cls, value)
        except FieldError as error:
            subject = f"the model card's field '{error.where}'" if error.where else "the model card"
            raise ModelFileError(
                f"{subject} {error.what}; train the model again or take a good copy of the file"
            ) from None
        assert isinstance(card, cls)
        return card
