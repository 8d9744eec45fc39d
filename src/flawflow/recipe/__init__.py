"""What a training is asked for: detectors, options, presets, and the object that holds all; no torch."""

from flawflow.recipe.recipe import PRESETS, Recipe
from flawflow.recipe.summaries import PRESET_SUMMARIES

__all__ = ["PRESETS", "PRESET_SUMMARIES", "Recipe"]
