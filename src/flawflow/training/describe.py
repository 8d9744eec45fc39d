"""What the card of a new model says."""

from datetime import UTC, datetime

from flawflow import __version__
from flawflow.datasets import Dataset
from flawflow.decision.light import LightReference
from flawflow.images import read_image, resize_image
from flawflow.inspection.light import measure_light
from flawflow.inspection.parallel import in_order
from flawflow.model_file.canary import Canary
from flawflow.model_file.card import Card, EncoderCard, TrainingCard
from flawflow.training.calibrate import Calibrated
from flawflow.training.encoder import Encoder
from flawflow.training.feature_source import FeatureSource
from flawflow.training.prepare import FittedModel

# The light is measured on so many images at most.
_MAX_LIT_IMAGES = 64


def describe(
    data: Dataset,
    fitted: FittedModel,
    calibrated: Calibrated,
    seconds: float,
    canaries: tuple[Canary, ...] = (),
) -> Card:
    """Write the card of what was learned from a data set in so many seconds."""
    recipe = fitted.setup.asked
    return Card(
        flawflow_version=__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        detector=recipe.detector.name,
        preset=recipe.preset,
        size=recipe.shape,
        encoder=_encoder_card(fitted.setup.encoder),
        training=TrainingCard(
            dataset=data.name,
            image_count=len(fitted.source.pictures),
            seed=recipe.seed,
            seconds=seconds,
        ),
        calibration=calibrated.calibration,
        colormap_range=calibrated.colormap_range,
        roi_run_lengths=fitted.setup.roi_run_lengths,
        drift=calibrated.drift_baseline,
        canaries=canaries,
        recipe=recipe,
        light=_light(fitted.source),
        tiles=calibrated.tiles,
    )


def _light(source: FeatureSource) -> LightReference:
    """The light of some of the images that were learned from, evenly chosen."""
    paths = source.features.pictures[:: 1 + (len(source.features.pictures) - 1) // _MAX_LIT_IMAGES]
    return measure_light(in_order(lambda path: resize_image(read_image(path), source.size), paths))


def _encoder_card(encoder: Encoder) -> EncoderCard:
    info = encoder.weights_info
    return EncoderCard(
        name=encoder.name,
        strides=encoder.strides,
        weights=info.source,
        weights_sha256=info.sha256,
        weights_licence=info.licence,
    )
