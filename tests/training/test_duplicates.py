from pathlib import Path

import numpy as np
import torch

from flawflow.training.duplicates import Fingerprint, find_duplicates


def _look(index: int) -> Fingerprint:
    return Fingerprint.at(np.zeros((5, 7, 3), np.uint8), np.full((4, 4, 3), index, np.uint8))


def test_a_look_knows_the_files_size_and_the_pixels() -> None:
    assert _look(3).size == (5, 7)
    assert _look(3) == _look(3) != _look(4)


def test_equal_and_nearly_equal_pictures_are_copies_of_the_first() -> None:
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(8, 16, 3, generator=generator)
    features[4] = features[1] + 1e-3 * torch.randn(16, 3, generator=generator)
    features[6] = features[4] + 1e-3 * torch.randn(16, 3, generator=generator)
    fingerprints = [_look(index) for index in range(8)]
    fingerprints[7] = fingerprints[0]
    assert find_duplicates(fingerprints, features, (4, 4)) == [0, 1, 2, 3, 1, 5, 1, 0]


def test_pictures_that_differ_by_noise_alone_are_no_copies() -> None:
    """A plain surface: two pictures of it differ little, but no less than any other two."""
    features = 5 + 1e-4 * torch.randn(12, 16, 3, generator=torch.Generator().manual_seed(0))
    assert find_duplicates([_look(index) for index in range(12)], features, (4, 4)) == list(range(12))


def test_nothing_but_copies() -> None:
    assert find_duplicates([_look(0)] * 5, torch.ones(5, 4, 2), (2, 2)) == [0] * 5


def test_real_copies(shared_data: Path) -> None:
    names = {path.name: path for path in (shared_data / "kolektorsdd" / "train" / "good").iterdir()}
    assert {"kos01_Part0.jpg", "kos26_Part0.jpg"} <= names.keys(), "KolektorSDD holds items twice"
