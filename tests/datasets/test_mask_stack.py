from pathlib import Path

import numpy as np
import pytest

from flawflow.datasets.mask_stack import open_stack, read_frame
from flawflow.errors import DatasetError


@pytest.mark.parametrize("content", ["pickle", "junk", "empty", "text"])
def test_what_is_no_array_of_numbers_is_refused_and_runs_nothing(tmp_path: Path, content: str):
    path = tmp_path / "01_0014.npy"
    if content == "pickle":
        np.save(path, np.array([Path("x")], object), allow_pickle=True)
    elif content == "text":
        np.save(path, np.array(["a"] * 20))
    else:
        path.write_bytes(b"" if content == "empty" else b"junk" * 20)
    with pytest.raises(DatasetError, match=r"01_0014\.npy"):
        open_stack(path, frames=20, dimensions=1)


def test_masks_stay_on_the_disk_and_what_is_not_zero_counts(tmp_path: Path):
    levels = np.array([[[0, 255, 1]], [[0, 0, 0]]], np.uint8)
    np.save(tmp_path / "masks.npy", levels)
    assert isinstance(open_stack(tmp_path / "masks.npy", frames=2, dimensions=3), np.memmap)
    np.testing.assert_array_equal(read_frame(tmp_path / "masks.npy", 0), [[False, True, True]])
    for number, damage in ((2, None), (0, b"junk")):
        if damage:
            (tmp_path / "masks.npy").write_bytes(damage)
        with pytest.raises(DatasetError, match=r"masks\.npy cannot be read"):
            read_frame(tmp_path / "masks.npy", number)
