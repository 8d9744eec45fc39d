"""How much memory a training takes, before it begins; without torch."""

from flawflow.recipe import Recipe
from flawflow.recipe.augmentation import ROBUST_VIEWS

# Measured as the most memory of a process (`resource.getrusage`), preset fast, encoder lite0, 2026-11-30.
# Without views, with 256 × 256 pixels 894 MiB for 32 pictures, 1,494 for 209, 1,535 for 264, 1,658 for 300;
# with 128 × 128 pixels 671 MiB for 32 and 795 for 209. With one view (the default) of 256 × 256 pixels 953
# for 32 and 1,809 for 209, of 128 × 128 pixels 868 for 209; with two 1,967 for 209. The line lies above all.
_BASE = 850 * 2**20
_PER_IMAGE = 3.2 * 2**20
_PER_VIEW = 1.5 * 2**20
_IMAGE_PIXELS = 256 * 256


def memory_of_training(recipe: Recipe, image_count: int) -> int:
    """Bytes that a training takes at most, about; encoders other than lite0 may take more."""
    height, width = recipe.shape
    views = max(recipe.views, ROBUST_VIEWS if recipe.robust else 0)
    each = (_PER_IMAGE + _PER_VIEW * views) * height * width / _IMAGE_PIXELS
    return int(_BASE + each * image_count)
