import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from PIL import Image

from flawflow.report.heatmap import colormap_levels
from flawflow.server.images import map_png

MAPS = npst.arrays(
    np.float32, npst.array_shapes(min_dims=2, max_dims=2, max_side=40), elements=st.floats(-2, 2, width=32)
)


@given(MAPS)
def test_another_decoder_reads_the_map_as_it_was(graph_map):
    image = Image.open(io.BytesIO(map_png(graph_map, (-1.0, 1.0))), formats=["PNG"])
    assert image.mode == "L"
    np.testing.assert_array_equal(np.asarray(image), colormap_levels(graph_map, (-1.0, 1.0)))


@pytest.mark.parametrize("level", [-5.0, 0.0, 5.0])
def test_an_even_map_takes_few_bytes(level):
    assert len(map_png(np.full((256, 256), level, np.float32), (-1.0, 1.0))) < 1000
