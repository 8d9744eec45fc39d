"""How much memory a training takes, before it begins; without torch."""

from flawflow.recipe import Recipe
from flawflow.recipe.augmentation import LIT_VIEWS

# Measured as the most memory of a process (`resource.getrusage`), preset fast, encoder lite0, 2026-11-30:
# with 256 × 256 pixels 894 MiB for 32 pictures, 1,494 for 209, 1,535 for 264, 1,658 for 300; with 128 × 128
# pixels 671 MiB for 32 and 795 for 209. The line lies above all of them.
_BASE = 850 * 2**20
_PER_IMAGE = 3.2 * 2**20
_IMAGE_PIXELS = 256 * 256


def memory_of_training(recipe: Recipe, image_count: int) -> int:
    """Bytes that a training takes at most, about; encoders other than lite0 may take more."""
    height, width = recipe.shape
    views = 1 + max(recipe.views, LIT_VIEWS if recipe.robust else 0)
    return int(_BASE + _PER_IMAGE * image_count * views * height * width / _IMAGE_PIXELS)
