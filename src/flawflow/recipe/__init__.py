"""What a training is asked for: detectors, options, presets, and the object that holds all; no torch."""

from flawflow.recipe.recipe import PRESET_SUMMARIES, PRESETS, Recipe

__all__ = ["PRESETS", "PRESET_SUMMARIES", "Recipe"]
