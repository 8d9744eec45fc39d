"""Pictures: any picture a camera writes becomes uint8 RGB; masks, sizes and the search for files."""

from flawflow.images.find import IMAGE_SUFFIXES, find_images, search
from flawflow.images.pixel_limit import MAX_PIXELS, max_pixels_allowed, set_max_pixels
from flawflow.images.read import ImageSource, read_image, read_mask
from flawflow.images.resize import has_shape_of, proportional_size, resize_image, resize_map, resize_mask

__all__ = [
    "IMAGE_SUFFIXES",
    "MAX_PIXELS",
    "ImageSource",
    "find_images",
    "has_shape_of",
    "max_pixels_allowed",
    "proportional_size",
    "read_image",
    "read_mask",
    "resize_image",
    "resize_map",
    "resize_mask",
    "search",
    "set_max_pixels",
]
