from pathlib import Path

import numpy as np
import pytest
import tifffile

from flawflow.images.float_tiff import write_float_tiff


@pytest.mark.parametrize("size", [(1, 1), (7, 5), (300, 401)])
def test_another_program_reads_what_was_written(
    tmp_path: Path, rng: np.random.Generator, size: tuple[int, int]
):
    values = rng.normal(size=size).astype(np.float16) * 100
    path = tmp_path / "map.tiff"
    write_float_tiff(path, values)
    read = tifffile.imread(path)
    assert read.dtype == np.float16
    np.testing.assert_array_equal(read, values)
