"""What a training is told: detectors, their options, presets, and the object that holds all; no torch."""

from flawflow.recipe.recipe import PRESET_SUMMARIES, PRESETS, Recipe

__all__ = ["PRESETS", "PRESET_SUMMARIES", "Recipe"]
