import io

import numpy as np
from PIL import Image

from flawflow.images.encode import jpeg_of, png_of


def test_png_loses_nothing(rng: np.random.Generator):
    for shape in ((7, 5), (7, 5, 3)):
        pixels = rng.integers(0, 256, shape, np.uint8)
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(png_of(pixels)))), pixels)


def test_a_line_keeps_its_hue_in_jpeg():
    pixels = np.full((32, 32, 3), 128, np.uint8)
    pixels[:, 16] = (255, 0, 0)
    read = np.asarray(Image.open(io.BytesIO(jpeg_of(pixels, 90)))).astype(int)
    assert (read[:, 16, 0] - read[:, 16, 1]).min() > 200
