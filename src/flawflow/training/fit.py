"""Learn: from good pictures to a model that inspects, not exported yet."""

from flawflow.recipe import Recipe
from flawflow.training.detectors.cflow import Cflow
from flawflow.training.detectors.detector import Detector
from flawflow.training.feature_source import FeatureSource
from flawflow.training.model import InspectionModel, build_head
from flawflow.training.shared_flows import shared_flows


def fit(source: FeatureSource, recipe: Recipe) -> InspectionModel:
    """Learn from good pictures as a recipe says.

    Args:
        source: The pictures and their features.
        recipe: Its detector and aggregation count; what the others say is in the source already.

    Raises:
        RecipeError: The detector is not installed here.
        TrainingError: The detector cannot learn from these pictures.
    """
    detector = recipe.detector.make()
    detector.aggregation = recipe.aggregation
    flows = shared_flows(recipe)
    if flows is not None:
        flows.check(recipe, source.encoder)
        assert isinstance(detector, Cflow), "flows are made for no other detector"
        detector.learn = flows
    return fit_detector(source, detector)


def fit_detector(source: FeatureSource, detector: Detector) -> InspectionModel:
    """Let an unfitted detector learn, and measure what its maps are on good pictures."""
    detector.fit(source)
    head = build_head(detector, source.features, source.size, source.device)
    return InspectionModel(source.encoder, detector, head)
