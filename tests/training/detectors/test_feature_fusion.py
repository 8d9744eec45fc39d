import pytest
import torch

from flawflow.errors import TrainingError
from flawflow.training.detectors.feature_fusion import as_vectors, check_size, fuse


def test_coarse_maps_are_repeated_and_fine_ones_averaged():
    fine = torch.arange(16.0).reshape(1, 1, 4, 4)
    middle = torch.tensor([[[[10.0, 20.0], [30.0, 40.0]]]])
    coarse = torch.tensor([[[[7.0]]]])
    fused = fuse([fine, middle, coarse], (2, 2))
    assert fused.shape == (1, 3, 2, 2)
    assert fused[0, 0].tolist() == [[2.5, 4.5], [10.5, 12.5]]
    assert torch.equal(fused[:, 1:2], middle)
    assert fused[0, 2].tolist() == [[7, 7], [7, 7]]
    repeated = fuse([fine, middle], (4, 4))[0, 1]
    assert repeated[:, 0].tolist() == [10, 10, 30, 30]


def test_bilinear_joining_keeps_a_constant():
    fused = fuse([torch.zeros(2, 3, 8, 8), torch.full((2, 1, 2, 2), 4.0)], (8, 8), mode="bilinear")
    assert torch.equal(fused[:, 3:], torch.full((2, 1, 8, 8), 4.0))


def test_vectors_stand_in_the_order_of_positions():
    features = torch.randn(2, 3, 4, 5)
    assert torch.equal(as_vectors(features)[1, 7], features[1, :, 1, 2])


def test_the_pyramids_are_the_encoders_own(make_source, part_pictures, monkeypatch):
    monkeypatch.setattr("flawflow.training.feature_store._ROWS_AT_ONCE", 8)
    source = make_source((8, 16))
    pyramids = list(source.features.plain_pyramids(source.device))
    assert [len(pyramid[0]) for pyramid in pyramids] == [8, 2]
    with torch.inference_mode():
        expected = source.encoder(torch.from_numpy(part_pictures))
    for k in range(2):
        torch.testing.assert_close(torch.cat([pyramid[k] for pyramid in pyramids]), expected[k])


def test_a_memory_that_no_file_holds_is_refused():
    check_size((100, 1000, 1000), "padim")
    with pytest.raises(TrainingError, match=r"padim model .* 4\.0 GB"):
        check_size((1000, 1000, 1000), "padim")
