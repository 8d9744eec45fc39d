"""Pictures: any picture a camera writes becomes uint8 RGB; masks, sizes and the search for files."""

from flawflow.images.find import PICTURE_SUFFIXES, find_pictures, search
from flawflow.images.pixel_limit import MAX_PIXELS, most_pixels, set_most_pixels
from flawflow.images.read import PictureSource, read_mask, read_picture
from flawflow.images.resize import has_shape_of, proportional_size, resize_map, resize_mask, resize_picture

__all__ = [
    "MAX_PIXELS",
    "PICTURE_SUFFIXES",
    "PictureSource",
    "find_pictures",
    "has_shape_of",
    "most_pixels",
    "proportional_size",
    "read_mask",
    "read_picture",
    "resize_map",
    "resize_mask",
    "resize_picture",
    "search",
    "set_most_pixels",
]
